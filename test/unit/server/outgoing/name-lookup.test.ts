/** Names: not asked twice at once, kept for a while, and no reason to wait when the system is slow to answer. */
import type { LookupAddress } from 'node:dns';
import { describe, expect, it } from 'vitest';
import { NameLookup } from '../../../../server/outgoing/name-lookup.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

const at = (address: string): LookupAddress[] => [{ address, family: 4 }];

function lookup() {
  const clock = new FakeClock();
  const asked: Array<{ host: string; answer(addresses: LookupAddress[]): void; fail(error: Error): void }> =
    [];
  const names = new NameLookup(
    (host) => new Promise((answer, fail) => asked.push({ host, answer, fail })),
    clock,
  );
  return { clock, asked, names };
}

describe('NameLookup', () => {
  it('asks once for all who want to know', async () => {
    const { names, asked } = lookup();
    const both = [names.addresses('a'), names.addresses('a')];
    expect(asked.map(({ host }) => host)).toEqual(['a']);
    asked[0]?.answer(at('1.1.1.1'));
    expect(await Promise.all(both)).toEqual([at('1.1.1.1'), at('1.1.1.1')]);
  });

  it('remembers for a while, then asks anew without keeping anybody waiting', async () => {
    const { names, asked, clock } = lookup();
    const first = names.addresses('a');
    asked[0]?.answer(at('1.1.1.1'));
    await first;
    clock.advance(9000);
    expect(await names.addresses('a')).toEqual(at('1.1.1.1'));
    expect(asked).toHaveLength(1);
    clock.advance(2000);
    expect(await names.addresses('a')).toEqual(at('1.1.1.1'));
    expect(asked).toHaveLength(2);
    asked[1]?.answer(at('2.2.2.2'));
    await new Promise(setImmediate);
    expect(await names.addresses('a')).toEqual(at('2.2.2.2'));
  });

  it('waits for the answer when what it knows is too old, and tells of failures', async () => {
    const { names, asked, clock } = lookup();
    const first = names.addresses('a');
    asked[0]?.answer(at('1.1.1.1'));
    await first;
    clock.advance(300_000);
    const later = names.addresses('a');
    asked[1]?.fail(new Error('ENOTFOUND'));
    await expect(later).rejects.toThrow('ENOTFOUND');
    const again = names.addresses('a');
    asked[2]?.answer(at('3.3.3.3'));
    expect(await again).toEqual(at('3.3.3.3'));
  });

  it('a failure in the background leaves the known addresses in use', async () => {
    const { names, asked, clock } = lookup();
    const first = names.addresses('a');
    asked[0]?.answer(at('1.1.1.1'));
    await first;
    clock.advance(20_000);
    expect(await names.addresses('a')).toEqual(at('1.1.1.1'));
    asked[1]?.fail(new Error('ESERVFAIL'));
    await new Promise(setImmediate);
    expect(await names.addresses('a')).toEqual(at('1.1.1.1'));
  });
});
