import { describe } from 'vitest';
import { randomIds } from '../../server/lib/random-ids.ts';
import { MemoryBeamsWebhookQueue } from '../../server/push/beams-webhooks/memory-beams-webhook-queue.ts';
import { SqlBeamsWebhookQueue } from '../../server/push/beams-webhooks/sql-beams-webhook-queue.ts';
import { onEachDatabase } from '../support/databases.ts';
import { beamsWebhookQueueContract } from './beams-webhook-queue.contract.ts';

describe('Beams webhooks in memory', () => {
  beamsWebhookQueueContract(() => new MemoryBeamsWebhookQueue(1000, randomIds()));
});

describe('Beams webhooks in', () => {
  onEachDatabase((given) => {
    beamsWebhookQueueContract(() => new SqlBeamsWebhookQueue(given().database, randomIds()));
  });
});
