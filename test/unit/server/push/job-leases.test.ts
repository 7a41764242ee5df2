/** Leases of jobs under way: how they are kept, and what their loss does. */
import { beforeEach, expect, it } from 'vitest';
import { OccasionalLog } from '../../../../server/lib/occasional-log.ts';
import { JobLeases } from '../../../../server/push/job-leases.ts';
import type { Job } from '../../../../server/push/jobs.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { silentLogger } from '../../../support/silent-logger.ts';

const LEASE_MS = 20_000;
const QUARTER_MS = 5000;

let clock: FakeClock;
/** What the queue was asked to prolong. */
let asked: Array<{ readonly ids: readonly number[]; readonly until: number }>;
let answer: (ids: readonly number[]) => Promise<readonly number[]>;
let leases: JobLeases;

beforeEach(() => {
  clock = new FakeClock();
  asked = [];
  answer = async (ids) => ids;
  const queue = {
    extend: (_owner: string, ids: readonly number[], until: number) => {
      asked.push({ ids, until });
      return answer(ids);
    },
  };
  const log = new OccasionalLog(clock, silentLogger);
  leases = new JobLeases('node-1', LEASE_MS, { queue, clock, log });
});

const job = (id: number) => ({ id }) as Job;
const settled = () => new Promise(setImmediate);
const hold = (one: Job) => leases.hold(one, clock.now() + LEASE_MS);
/** Time passes, quarter by quarter, and the queue answers. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += QUARTER_MS) {
    clock.advance(QUARTER_MS);
    await settled();
  }
}

it('are prolonged four times in their length, of the jobs under way', async () => {
  const [first, second] = [job(1), job(2)];
  const signals = [hold(first), hold(second)];
  await pass(QUARTER_MS);
  leases.drop(first);
  await pass(2 * QUARTER_MS);
  expect(asked.map(({ ids }) => ids)).toEqual([[1, 2], [2], [2]]);
  expect(asked.at(-1)?.until).toBe(clock.now() + LEASE_MS);
  expect(signals.some(({ aborted }) => aborted)).toBe(false);
  leases.drop(second);
  await pass(QUARTER_MS);
  expect(asked).toHaveLength(3);
});

it('that somebody else has abort what is not sent yet, and no other', async () => {
  const [lost, kept] = [hold(job(1)), hold(job(2))];
  answer = async () => [2];
  await pass(QUARTER_MS);
  expect([lost.aborted, kept.aborted]).toEqual([true, false]);
  await pass(QUARTER_MS);
  expect(asked.at(-1)?.ids).toEqual([2]);
});

it('that ended while the node stood still abort at once, before the queue is asked', async () => {
  const signal = hold(job(1));
  leases.stop();
  clock.advance(LEASE_MS);
  expect(leases.lostAt).toBe(Number.NEGATIVE_INFINITY);
  leases.look();
  expect([signal.aborted, leases.lostAt]).toEqual([true, clock.now()]);
  await leases.prolong();
  expect(asked).toEqual([]);
});

it('that ended because the queue could not be reached abort, and a failure before that does not', async () => {
  const signal = hold(job(1));
  answer = () => Promise.reject(new Error('the database is away'));
  await pass(LEASE_MS - QUARTER_MS);
  expect(signal.aborted).toBe(false);
  await pass(QUARTER_MS);
  expect(signal.aborted).toBe(true);
});

it('are prolonged for a quarter of an hour at most', async () => {
  const signal = hold(job(1));
  await pass(15 * 60_000);
  expect(signal.aborted).toBe(false);
  await pass(QUARTER_MS);
  expect(signal.aborted).toBe(true);
});

it('of a node that stops are prolonged until its jobs are over', async () => {
  const signal = hold(job(1));
  leases.abort();
  expect(signal.aborted).toBe(true);
  await pass(QUARTER_MS);
  expect(asked.map(({ ids }) => ids)).toEqual([[1]]);
});
