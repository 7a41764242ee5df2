/** The in-memory webhook queue and dead letters keep their ports' promises. */
import { describe } from 'vitest';
import { OccasionalLog } from '../../server/lib/occasional-log.ts';
import { randomIds } from '../../server/lib/random-ids.ts';
import { Counters } from '../../server/telemetry/counters.ts';
import type { Undelivered } from '../../server/webhooks/dead-letters.ts';
import { MemoryDeadLetters } from '../../server/webhooks/memory-dead-letters.ts';
import { MemoryWebhookQueue } from '../../server/webhooks/memory-webhook-queue.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { silentLogger } from '../support/silent-logger.ts';
import { deadLettersContract } from './dead-letters.contract.ts';
import { webhookQueueContract } from './webhook-queue.contract.ts';

describe('MemoryWebhookQueue', () => {
  webhookQueueContract(async (endpoints, settings) => {
    const clock = new FakeClock();
    const buried: Undelivered[] = [];
    const deadLetters = {
      add: (undelivered: readonly Undelivered[]) => {
        buried.push(...undelivered);
      },
      list: () => ({ letters: [], cursor: undefined }),
      take: () => [],
      restore: () => undefined,
      forget: () => undefined,
    };
    const log = new OccasionalLog(clock, silentLogger);
    const queue = new MemoryWebhookQueue(
      { ...settings, queueBytes: 1_000_000 },
      { endpoints, deadLetters, ids: randomIds(), clock, counters: new Counters(), log },
    );
    return {
      queue,
      buried: () => buried,
      advance: async (ms) => clock.advance(ms),
      channels: ['a', 'b', 'c'],
    };
  });
});

describe('MemoryDeadLetters', () => {
  deadLettersContract(async (limit) => {
    const clock = new FakeClock();
    return new MemoryDeadLetters(
      { deadLetterLimit: limit, deadLetterBytes: 1_000_000 },
      { ids: randomIds(), clock, log: new OccasionalLog(clock, silentLogger) },
    );
  });
});
