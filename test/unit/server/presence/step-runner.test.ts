/** Steps about one thing are taken in order, and what goes wrong with one of them costs the others nothing. */
import { describe, expect, it } from 'vitest';
import { OccasionalLog } from '../../../../server/lib/occasional-log.ts';
import { Unavailable } from '../../../../server/lib/unavailable.ts';
import { Contributions } from '../../../../server/presence/contributions.ts';
import type { PresenceSteps } from '../../../../server/presence/presence-steps.ts';
import { StepRunner } from '../../../../server/presence/step-runner.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { silentLogger } from '../../../support/silent-logger.ts';

const COUNTED = { subscriptions: 1, told: false };

function harness() {
  const contributions = new Contributions();
  const membership = { nodeId: 'first', safeUntil: 0, live: () => [], onChange: () => undefined };
  const taken: string[] = [];
  const refusals: Array<() => void> = [];
  const state = { away: false };
  const steps = {
    count: async ({ nodeId }: { nodeId: string }, _app: string, name: string, count: number) => {
      taken.push(`${nodeId} ${name} ${count}`);
      return COUNTED;
    },
  } as unknown as PresenceSteps;
  const runner = new StepRunner({
    steps,
    contributions,
    membership,
    log: new OccasionalLog(new FakeClock(), silentLogger),
    whenReady: () => {
      if (!state.away) return undefined;
      return new Promise((_, reject) => {
        refusals.push(() => reject(new Unavailable("Redis didn't come back", 'no')));
      });
    },
    clock: new FakeClock(),
    waitMs: 1000,
    onSwept: () => undefined,
    onLost: () => undefined,
  });
  return { contributions, membership, runner, steps, taken, refusals, state };
}

describe('steps that wait for Redis', () => {
  it('wait side by side, so that the last of many waits no longer than the first', async () => {
    const { contributions, runner, steps, taken, refusals, state } = harness();
    state.away = true;
    const one = contributions.count('app', 'news');
    const results = [1, 2, 3].map((count) =>
      runner.take(one, count, (actor) => steps.count(actor, 'app', 'news', count, undefined)).catch(String),
    );
    expect(refusals).toHaveLength(3);
    for (const refuse of refusals) refuse();
    expect(await Promise.all(results)).toEqual(Array(3).fill("Unavailable: Redis didn't come back"));
    expect(taken).toEqual([]);
  });
});

describe('a step that waited for Redis in vain', () => {
  it('is made up for when Redis is back: what was wanted last is written', async () => {
    const { contributions, runner, steps, taken, refusals, state } = harness();
    const one = contributions.count('app', 'news');
    const write = (count: number): Promise<unknown> => {
      one.wanted = count;
      return runner.take(one, count, (actor) => steps.count(actor, 'app', 'news', count, undefined));
    };
    await write(4);
    state.away = true;
    const fewer = write(3).catch(String);
    for (const refuse of refusals) refuse();
    expect(await fewer).toContain('Unavailable');
    state.away = false;
    runner.repair();
    await new Promise((resolve) => setImmediate(resolve));
    expect(taken).toEqual(['first news 4', 'first news 3']);
  });
});

describe('a step that was under way while the node got a new id', () => {
  it('is taken again under the new one: what it contributed is swept with the old one', async () => {
    const { contributions, membership, runner, steps, taken } = harness();
    const one = contributions.count('app', 'news');
    one.wanted = 1;
    await runner.take(one, 1, async (actor) => {
      membership.nodeId = 'second';
      return steps.count(actor, 'app', 'news', 1, undefined);
    });
    runner.repair();
    await new Promise((resolve) => setImmediate(resolve));
    expect(taken).toEqual(['first news 1', 'second news 1']);
  });
});
