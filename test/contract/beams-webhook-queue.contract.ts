/** What every keeper of Beams webhooks does, whatever it keeps them in. */
import { describe, expect, it } from 'vitest';
import type {
  BeamsWebhookQueue,
  NewBeamsWebhook,
} from '../../server/push/beams-webhooks/beams-webhook-queue.ts';

const NOW = 1_714_564_800_000;
const PAGE = { after: undefined, limit: 100 };

let made = 0;

/** @param make a queue that may hold what other tests added, in lanes and apps of theirs */
export function beamsWebhookQueueContract(make: () => BeamsWebhookQueue): void {
  /** A webhook of an app and lane of its own, unless told otherwise. */
  function webhook(changes: Partial<NewBeamsWebhook> = {}): NewBeamsWebhook {
    made += 1;
    return {
      key: `key ${made}`,
      appId: `app ${made}`,
      webhookId: 'webhook',
      url: undefined,
      lane: `lane ${made}`,
      eventType: 'v1.UserNotificationOpen',
      body: `{"n":${made}}`,
      createdAt: NOW,
      ...changes,
    };
  }
  const take = (queue: BeamsWebhookQueue, lane: string, now = NOW, limit = 10) =>
    queue.take({ lane, now, until: now + 10_000, limit });

  it('gives back what was added, and knows its lane as due', async () => {
    const queue = make();
    const added = webhook({ webhookId: undefined, url: 'https://user:word@example.com/é' });
    await queue.add([added]);
    expect((await queue.due(NOW)).lanes).toContain(added.lane);
    const taken = await take(queue, added.lane);
    expect(taken).toEqual([{ ...added, id: expect.stringMatching(/^[0-9a-f-]{36}$/), failures: 0 }]);
  });

  it('takes a key once, also after the webhook was delivered', async () => {
    const queue = make();
    const added = webhook();
    await queue.add([added]);
    await queue.add([added, { ...added, body: '{}' }]);
    const [one, ...others] = await take(queue, added.lane);
    expect(others).toEqual([]);
    expect(one?.body).toBe(added.body);
    await queue.settle(one?.id ?? '', { kind: 'delivered' }, NOW);
    await queue.add([added]);
    expect(await take(queue, added.lane, NOW + 60_000)).toEqual([]);
  });

  it('gives a webhook to one taker until the time is over, then to another', async () => {
    const queue = make();
    const added = webhook();
    await queue.add([added]);
    const takers = await Promise.all([take(queue, added.lane), take(queue, added.lane)]);
    expect(takers.flat()).toHaveLength(1);
    expect(await take(queue, added.lane, NOW + 9999)).toEqual([]);
    expect(await take(queue, added.lane, NOW + 10_000)).toEqual(takers.flat());
  });

  it('gives out no more than asked for, the longest waiting first', async () => {
    const queue = make();
    const [first, second, third] = [0, 1, 2].map((n) => webhook({ lane: 'ordered', createdAt: NOW + n }));
    if (first === undefined || second === undefined || third === undefined)
      throw new Error('three were made');
    await queue.add([third, first, second]);
    const bodies = (await take(queue, 'ordered', NOW + 5, 2)).map(({ body }) => body);
    expect(bodies).toEqual([first.body, second.body]);
  });

  it('counts failures and waits until the next attempt is due', async () => {
    const queue = make();
    const added = webhook();
    await queue.add([added]);
    const [taken] = await take(queue, added.lane);
    await queue.settle(taken?.id ?? '', { kind: 'again', at: NOW + 30_000, reason: 'status 500' }, NOW);
    expect(await take(queue, added.lane, NOW + 29_999)).toEqual([]);
    expect((await queue.due(NOW)).nextAt).toBeLessThanOrEqual(NOW + 30_000);
    expect(await take(queue, added.lane, NOW + 30_000)).toMatchObject([{ id: taken?.id, failures: 1 }]);
  });

  describe('a webhook that was given up', () => {
    async function givenUp(queue: BeamsWebhookQueue, changes: Partial<NewBeamsWebhook> = {}) {
      const added = webhook(changes);
      await queue.add([added]);
      const [taken] = await take(queue, added.lane);
      if (taken === undefined) throw new Error('it was added');
      await queue.settle(taken.id, { kind: 'failed', reason: 'status 410' }, NOW + 5);
      return taken;
    }

    it('is listed with the reason, not sent again', async () => {
      const queue = make();
      const failed = await givenUp(queue);
      expect(await take(queue, failed.lane, NOW + 60_000)).toEqual([]);
      expect(await queue.failed(failed.appId, PAGE)).toEqual({
        items: [{ ...failed, failures: 1, reason: 'status 410', failedAt: NOW + 5 }],
        hasMore: false,
      });
      expect((await queue.failed(undefined, PAGE)).items.map(({ id }) => id)).toContain(failed.id);
    });

    it('is listed page by page', async () => {
      const queue = make();
      const ids = [];
      for (let n = 0; n < 3; n += 1) ids.push((await givenUp(queue, { appId: 'paged' })).id);
      const first = await queue.failed('paged', { after: undefined, limit: 2 });
      const second = await queue.failed('paged', { after: first.items[1]?.id, limit: 2 });
      expect([first.hasMore, second.hasMore]).toEqual([true, false]);
      expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(ids.sort());
    });

    it('is tried again as if it were new when asked for', async () => {
      const queue = make();
      const failed = await givenUp(queue);
      expect(await queue.retry('another app', [failed.id], NOW + 100)).toBe(0);
      expect(await queue.retry(failed.appId, [failed.id], NOW + 100)).toBe(1);
      expect(await take(queue, failed.lane, NOW + 100)).toMatchObject([{ id: failed.id, failures: 0 }]);
      expect((await queue.failed(failed.appId, PAGE)).items).toEqual([]);
    });

    it('all of an app are, when none is named', async () => {
      const queue = make();
      await givenUp(queue, { appId: 'retried' });
      await givenUp(queue, { appId: 'retried' });
      expect(await queue.retry('retried', undefined, NOW)).toBe(2);
    });

    it('is forgotten in time, one that waits is not', async () => {
      const queue = make();
      const failed = await givenUp(queue);
      const waiting = webhook();
      await queue.add([waiting]);
      expect(await queue.forget(NOW + 6)).toBeGreaterThanOrEqual(1);
      expect((await queue.failed(failed.appId, PAGE)).items).toEqual([]);
      expect(await take(queue, waiting.lane)).toHaveLength(1);
    });
  });
}
