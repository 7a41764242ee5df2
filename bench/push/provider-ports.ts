/** What our providers need beside their settings, with the real parts. */
import { readFileSync } from 'node:fs';
import { randomIds } from '../../server/lib/random-ids.ts';
import { systemChance } from '../../server/lib/system-chance.ts';
import { systemClock } from '../../server/lib/system-clock.ts';
import { AddressPolicy } from '../../server/outgoing/address-policy.ts';
import { NameLookup } from '../../server/outgoing/name-lookup.ts';
import { systemResolve } from '../../server/outgoing/system-resolve.ts';
import type { ApnsPorts } from '../../server/push/providers/apns-provider.ts';
import { isPayloadProblem, type PushProvider } from '../../server/push/push-provider.ts';
import type { RunningSender } from './push-sender.ts';

/** Compiled, this file is in dist/bench/push. */
function tlsFile(name: string): string {
  return readFileSync(new URL(`../../../test/support/tls/${name}`, import.meta.url), 'utf8');
}

/** The fakes' certificate, which is its own authority. */
export function fakesCa(): string {
  return tlsFile('cert.pem');
}

export function fakesTls(): { readonly key: string; readonly cert: string } {
  return { key: tlsFile('key.pem'), cert: tlsFile('cert.pem') };
}

export function providerPorts(): ApnsPorts {
  return {
    policy: new AddressPolicy({ allowPrivate: true, allowLoopback: true }),
    names: new NameLookup(systemResolve, systemClock),
    clock: systemClock,
    chance: systemChance,
    ids: randomIds(),
    tls: { ca: fakesCa() },
  };
}

/** Sends through a provider as the pipeline does: prepared per publish, addresses by the hundreds. */
export function throughProvider(
  provider: PushProvider,
  payload: object,
  tokenFor: (i: number) => string,
): RunningSender {
  const { signal } = new AbortController();
  const prepared = provider.prepare(payload);
  if (isPayloadProblem(prepared)) throw new Error(prepared.problem);
  return {
    send: async (count) => {
      const addresses = Array.from({ length: count }, (_, i) => ({ token: tokenFor(i) }));
      const verdicts = await provider.send(prepared, addresses, { signal, expiresAt: undefined });
      const failed = verdicts.find(({ kind }) => kind !== 'sent');
      if (failed !== undefined) throw new Error(`not sent: ${JSON.stringify(failed)}`);
      return verdicts.length;
    },
    stop: () => provider.close(),
  };
}
