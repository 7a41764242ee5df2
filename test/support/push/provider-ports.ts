/** What providers need beside their settings, for tests against fakes on this machine. */
import { readFileSync } from 'node:fs';
import type { Clock } from '../../../server/lib/clock.ts';
import { randomIds } from '../../../server/lib/random-ids.ts';
import { systemClock } from '../../../server/lib/system-clock.ts';
import { AddressPolicy } from '../../../server/outgoing/address-policy.ts';
import { NameLookup } from '../../../server/outgoing/name-lookup.ts';
import { systemResolve } from '../../../server/outgoing/system-resolve.ts';
import type { ApnsPorts } from '../../../server/push/providers/apns-provider.ts';
import {
  isPayloadProblem,
  type PreparedPush,
  type PushProvider,
  type SendOptions,
} from '../../../server/push/push-provider.ts';

/** A file of test/support/tls. */
export function tlsFile(name: string): Buffer {
  return readFileSync(new URL(`../tls/${name}`, import.meta.url));
}

export function tlsText(name: string): string {
  return tlsFile(name).toString();
}

export const fakeTls = { key: tlsText('key.pem'), cert: tlsText('cert.pem') };

export interface PortChanges {
  readonly allowPrivate?: boolean;
  readonly allowLoopback?: boolean;
  readonly clock?: Clock;
}

/** Without the share that chance has in pauses. */
export function providerPorts({
  allowPrivate = true,
  allowLoopback = allowPrivate,
  clock = systemClock,
}: PortChanges = {}): ApnsPorts {
  return {
    policy: new AddressPolicy({ allowPrivate, allowLoopback }),
    names: new NameLookup(systemResolve, clock),
    clock,
    chance: () => 0,
    ids: randomIds(),
    tls: { ca: fakeTls.cert },
  };
}

export function prepared(provider: PushProvider, payload: object): PreparedPush {
  const result = provider.prepare(payload);
  if (isPayloadProblem(result)) throw new Error(result.problem);
  return result;
}

export function addresses(...tokens: readonly string[]): { readonly token: string }[] {
  return tokens.map((token) => ({ token }));
}

export const AT_ONCE: SendOptions = { signal: new AbortController().signal, expiresAt: undefined };
