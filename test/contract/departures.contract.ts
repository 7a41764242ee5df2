/** What every Departures promises; run by each implementation. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Departures } from '../../server/presence/departures.ts';
import { eventually } from '../support/eventually.ts';

export interface DeparturesUnderTest {
  readonly departures: Departures;
  /** Of another node; the same where a node is alone. */
  readonly other: Departures;
  now(): number;
  stop(): Promise<void>;
}

export function departuresContract(create: () => Promise<DeparturesUnderTest>): void {
  let under: DeparturesUnderTest;
  beforeEach(async () => {
    under = await create();
  });
  afterEach(() => under.stop());

  it('who left since is found by every node, in the order asked, and by nobody for another app', async () => {
    const { departures, other } = under;
    const since = under.now() - 1;
    for (const user of ['a', 'b', 'line\nend']) departures.left('app', user);
    await eventually(async () => {
      expect(await other.leftSince('app', ['line\nend', 'x', 'b', 'a'], since)).toEqual([
        'line\nend',
        'b',
        'a',
      ]);
    });
    expect(await other.leftSince('another', ['a', 'b'], since)).toEqual([]);
  });

  it('who left before is not found', async () => {
    const { departures } = under;
    departures.left('app', 'a');
    await eventually(async () => expect(await departures.leftSince('app', ['a'], 0)).toEqual(['a']));
    expect(await departures.leftSince('app', ['a'], under.now() + 1000)).toEqual([]);
  });

  it('the last of several departures counts', async () => {
    const { departures } = under;
    departures.left('app', 'a');
    const between = under.now();
    await eventually(async () => {
      departures.left('app', 'a');
      expect(await departures.leftSince('app', ['a'], between)).toEqual(['a']);
    });
  });
}
