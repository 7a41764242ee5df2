/** The queue of push, in memory and in both databases. */
import { describe, expect, it } from 'vitest';
import { MemoryPushQueue } from '../../server/push/memory-push-queue.ts';
import { PushQueueFull } from '../../server/push/push-queue.ts';
import { SqlPushQueue } from '../../server/push/storage/sql-push-queue.ts';
import { pushQueueContract } from '../contract/push-queue.contract.ts';
import { onEachDatabase } from '../support/databases.ts';
import { emptyQueue } from '../support/push/empty-queue.ts';
import { acceptedPublish } from '../support/push/publishes.ts';

const sendJob = {
  work: { kind: 'tokens' as const, provider: 'fcm' as const, tokens: ['t'] },
  runAt: 0,
  tries: 0,
};

describe('MemoryPushQueue', () => {
  pushQueueContract(async () => new MemoryPushQueue());

  it('accepts no more jobs than it may hold', async () => {
    const queue = new MemoryPushQueue({ jobs: 2, outcomes: 10 });
    await queue.accept(acceptedPublish(), [sendJob, sendJob], 2);
    await expect(queue.accept(acceptedPublish(), [sendJob], 1)).rejects.toThrow(PushQueueFull);
  });

  it('forgets the oldest finished publishes when it holds too many outcomes', async () => {
    const queue = new MemoryPushQueue({ jobs: 10, outcomes: 3 });
    const ids: string[] = [];
    for (let n = 0; n < 3; n += 1) {
      const publish = acceptedPublish();
      ids.push(publish.publicId);
      await queue.accept(publish, [sendJob], 1);
      const rooms = [{ lane: 'fcm' as const, jobs: 1, recipients: 1, idle: true }];
      const { jobs } = await queue.claim({
        owner: 'o',
        now: 1000,
        lostBefore: 1000,
        leaseUntil: 2000,
        rooms,
      });
      const sent = {
        recipient: 'token:t',
        provider: 'fcm' as const,
        user: undefined,
        status: 'sent' as const,
      };
      const outcome = { ...sent, tries: 1, code: undefined, reason: undefined, messageId: undefined };
      const settlement = { at: 1000, outcomes: [outcome], targeted: 0, next: [], dead: [], cutShort: false };
      for (const job of jobs) await queue.settle(job, settlement);
    }
    const reports = await Promise.all(ids.map((id) => queue.report('app-1', id)));
    expect(reports.map((report) => report !== undefined)).toEqual([false, false, true]);
  });
});

describe('SqlPushQueue', () => {
  onEachDatabase((given) => {
    pushQueueContract(() => emptyQueue(given().database));

    it('finds the publishes of a process that is gone', async () => {
      const { database } = given();
      const publish = acceptedPublish();
      await (await emptyQueue(database)).accept(publish, [sendJob], 1);
      const reopened = await SqlPushQueue.open(database);
      expect(await reopened.report('app-1', publish.publicId)).toMatchObject({ status: 'running' });
    });
  });
});
