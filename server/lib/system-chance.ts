/** The system's randomness. */
import { randomInt } from 'node:crypto';
import type { Chance } from './chance.ts';

const STEPS = 2 ** 32;

export const systemChance: Chance = () => randomInt(STEPS) / STEPS;
