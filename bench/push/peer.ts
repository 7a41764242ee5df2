/** Loads a library from the folder where the caller installed it. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { SenderSettings } from './push-sender.ts';

/** The caller says what it takes the library for: there are no types of what isn't installed here. */
export function loadPeer<T>({ peers }: SenderSettings, name: string): T {
  if (peers === undefined) throw new Error(`${name} has to be installed in a folder named by --peers DIR`);
  return createRequire(join(peers, 'package.json'))(name) as T;
}
