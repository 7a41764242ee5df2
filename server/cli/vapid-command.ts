/** `carillon vapid`: makes the pair of keys by which push services of browsers know a sender (RFC 8292). */
import { createECDH } from 'node:crypto';
import { EXIT_OK } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';

const SCALAR_BYTES = 32;

/** Prints the variables to set. */
export async function vapid([extra]: readonly string[], terminal: Terminal): Promise<number> {
  if (extra !== undefined) throw new UsageError(`${extra} is one argument too many`);
  const ecdh = createECDH('prime256v1');
  ecdh.generateKeys();
  // The library leaves out leading zeros.
  const scalar = Buffer.alloc(SCALAR_BYTES);
  const digits = ecdh.getPrivateKey();
  scalar.set(digits, SCALAR_BYTES - digits.length);
  terminal.print(`CARILLON_VAPID_PUBLIC_KEY=${ecdh.getPublicKey('base64url')}`);
  terminal.print(`CARILLON_VAPID_PRIVATE_KEY=${scalar.toString('base64url')}`);
  terminal.print('CARILLON_VAPID_SUBJECT=mailto:you@example.com');
  return EXIT_OK;
}
