/** Made-up ids, keys and secrets of apps. */
import { randomBytes, randomInt } from 'node:crypto';
import type { Credential } from './app.ts';

export interface NewIdentity {
  /** Decimal digits; unlikely to be taken, not impossible. */
  id(): string;
  /** A key that is unique for all practical purposes, and an unguessable secret. */
  pair(): Credential;
}

const FIRST_ID = 10 ** 9;
const IDS = 10 ** 12 - FIRST_ID;

export const newIdentity: NewIdentity = {
  id: () => String(FIRST_ID + randomInt(IDS)),
  pair: () => ({ key: randomBytes(10).toString('hex'), secret: randomBytes(32).toString('hex') }),
};
