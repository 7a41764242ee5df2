/** Names as the system resolves them. */
import { lookup } from 'node:dns/promises';
import type { Resolve } from './name-lookup.ts';

export const systemResolve: Resolve = (host) => lookup(host, { all: true });
