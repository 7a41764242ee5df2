/** Comparing with Redis: what was answered together with the question is not taken for lost. */
import { beforeEach, expect, it } from 'vitest';
import { OccasionalLog } from '../../../../server/lib/occasional-log.ts';
import { type Contribution, Contributions } from '../../../../server/presence/contributions.ts';
import { PresenceRecovery, type RecoveryPorts } from '../../../../server/presence/presence-recovery.ts';
import type { PresenceSteps } from '../../../../server/presence/presence-steps.ts';
import { StepRunner } from '../../../../server/presence/step-runner.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { silentLogger } from '../../../support/silent-logger.ts';

let contributions: Contributions;
let runner: StepRunner;
let recovery: PresenceRecovery;
/** What happens between the question about a shard and its answer, and what the answer is. */
let answers: (shard: number) => Promise<Record<string, string>>;

beforeEach(() => {
  const clock = new FakeClock();
  const log = new OccasionalLog(clock, silentLogger);
  const membership = { nodeId: 'n', safeUntil: 0, live: () => [], onChange: () => undefined };
  const counted = { subscriptions: 1, told: false };
  const steps = {
    fence: (_node: string, _epoch: number, shard: number) => answers(shard),
    count: async () => counted,
  } as unknown as PresenceSteps;
  contributions = new Contributions();
  const nothing = (): void => undefined;
  runner = new StepRunner({
    steps,
    contributions,
    membership,
    clock,
    log,
    waitMs: 1000,
    whenReady: () => undefined,
    onSwept: nothing,
    onLost: nothing,
  });
  recovery = new PresenceRecovery({
    steps,
    contributions,
    runner,
    membership,
    clock,
    log,
    replicas: { doubtAll: nothing, compareStale: nothing },
    news: { tell: nothing },
    logger: silentLogger,
  } as unknown as RecoveryPorts);
  recovery.doubt();
});

async function contribute(channel: string): Promise<Contribution> {
  const one = contributions.count('app', channel);
  one.wanted = 1;
  await runner.take(one, 1, async () => undefined);
  return one;
}

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 200; turn += 1) await new Promise(setImmediate);
};

it('what was there for certain and is missing is lost: nothing is taken away until all have put back theirs', async () => {
  await contribute('news');
  answers = async () => ({});
  recovery.renewed();
  await settled();
  expect(runner.isHolding).toBe(true);
});

it('what was contributed between the question and its answer is not', async () => {
  const { shard } = contributions.count('app', 'news');
  answers = async (asked) => {
    if (asked === shard) await contribute('news');
    return {};
  };
  recovery.renewed();
  await settled();
  expect(runner.isHolding).toBe(false);
});

it('nor what was taken away and contributed again meanwhile', async () => {
  const one = await contribute('news');
  answers = async (asked) => {
    if (asked === one.shard) {
      one.wanted = 0;
      await runner.takeAway(one, async () => undefined);
      await contribute('news');
    }
    return {};
  };
  recovery.renewed();
  await settled();
  expect(runner.isHolding).toBe(false);
});
