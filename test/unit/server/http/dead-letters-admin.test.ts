/** Replays for endpoints that are not configured any more. */
import { expect, it } from 'vitest';
import { deadLetterRoutes } from '../../../../server/http/endpoints/dead-letters-admin.ts';
import { OccasionalLog } from '../../../../server/lib/occasional-log.ts';
import { randomIds } from '../../../../server/lib/random-ids.ts';
import { Counters } from '../../../../server/telemetry/counters.ts';
import { EndpointDirectory } from '../../../../server/webhooks/endpoint-directory.ts';
import { MemoryDeadLetters } from '../../../../server/webhooks/memory-dead-letters.ts';
import { MemoryWebhookQueue } from '../../../../server/webhooks/memory-webhook-queue.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { silentLogger } from '../../../support/silent-logger.ts';

it('a letter whose endpoint is gone stays as it was: same id, same time', async () => {
  const clock = new FakeClock();
  const ids = randomIds();
  const log = new OccasionalLog(clock, silentLogger);
  const endpoints = new EndpointDirectory([]);
  const deadLetters = new MemoryDeadLetters(
    { deadLetterLimit: 9, deadLetterBytes: 999 },
    { ids, clock, log },
  );
  const queue = new MemoryWebhookQueue(
    { graceMs: 0, batchEvents: 1, batchMs: 0, queueLimit: 9, queueBytes: 999 },
    { endpoints, deadLetters, ids, clock, counters: new Counters(), log },
  );
  const event = { id: 'event', channel: 'a', at: 0, json: '{"id":"event"}' };
  deadLetters.add([{ appId: '1', endpoint: 'http://gone/', event, attempts: 9, reason: 'refused' }]);
  const all = { appId: undefined, endpoint: undefined, limit: 9, cursor: undefined };
  const before = deadLetters.list(all);
  clock.advance(60_000);
  const replay = deadLetterRoutes({ deadLetters, queue, endpoints })
    .get('/admin/webhooks/dead-letters/replay')
    ?.get('POST');
  const caller = { address: '127.0.0.1', headers: new Map() };
  const answer = await replay?.({ body: Buffer.from('{"app":"1"}'), parameters: [], names: [], caller });
  expect(JSON.parse(String(answer?.body))).toEqual({ replayed: 0, without_endpoint: 1 });
  expect(deadLetters.list(all)).toEqual(before);
});
