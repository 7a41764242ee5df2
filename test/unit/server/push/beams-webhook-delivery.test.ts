/** When webhooks of Beams are sent, sent again and given up; over real memory and a clock that is told to go on. */
import { expect, it } from 'vitest';
import type { App } from '../../../../server/apps/app.ts';
import type { BeamsWebhookSettings } from '../../../../server/apps/push-settings.ts';
import { OccasionalLog } from '../../../../server/lib/occasional-log.ts';
import { randomIds } from '../../../../server/lib/random-ids.ts';
import type { PostRequest, PostResult } from '../../../../server/outgoing/poster.ts';
import { signatureOf, webhookIdOf } from '../../../../server/push/beams-webhooks/beams-webhook-bodies.ts';
import { BeamsWebhookDelivery } from '../../../../server/push/beams-webhooks/beams-webhook-delivery.ts';
import { BeamsWebhooks } from '../../../../server/push/beams-webhooks/beams-webhooks.ts';
import { MemoryBeamsWebhookQueue } from '../../../../server/push/beams-webhooks/memory-beams-webhook-queue.ts';
import { INSTANCE } from '../../../beams/vectors.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { silentLogger } from '../../../support/silent-logger.ts';

const URL_A = 'https://a.example.com/hooks';
const URL_B = 'https://b.example.com/hooks';
const ALL = ['v1.PublishToUsersAttempt', 'v1.UserNotificationAcknowledgement', 'v1.UserNotificationOpen'];

const webhook = (url: string, events: readonly string[] = ALL): BeamsWebhookSettings => ({
  url,
  secret: `secret of ${url}`,
  events,
  customData: { env: 'test' },
});

interface Sent extends PostRequest {
  readonly at: number;
}

/** The parts together; receivers answer as `answer` says. */
function delivery(webhooks: readonly BeamsWebhookSettings[]) {
  const clock = new FakeClock();
  const start = clock.now();
  const sent: Sent[] = [];
  const state = {
    answer: (_: PostRequest): PostResult | Promise<PostResult> => ({ ok: true, status: 200 }),
    webhooks,
  };
  const apps = {
    byId: () => ({ push: { beams: { instanceId: INSTANCE, webhooks: state.webhooks } } }) as unknown as App,
  };
  const poster = {
    post: async (request: PostRequest): Promise<PostResult> => {
      sent.push({ ...request, at: clock.now() - start });
      return state.answer(request);
    },
    close: () => undefined,
  };
  const queue = new MemoryBeamsWebhookQueue(100, randomIds());
  const carrier = new BeamsWebhookDelivery(1_000_000, {
    queue,
    apps,
    poster,
    clock,
    logger: silentLogger,
    log: new OccasionalLog(clock, silentLogger),
  });
  const events = new BeamsWebhooks({ queue, apps, ids: randomIds(), clock, added: () => carrier.look() });
  carrier.start();
  return { clock, sent, state, queue, carrier, events };
}

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
};

const receipt = (deviceId = 'web-1') => ({
  publicId: 'pubid-1',
  deviceId,
  kind: 'delivered' as const,
  clientTime: undefined,
  flags: {},
});

it('sends an event at once, signed, to each webhook that wants it', async () => {
  const { sent, events, carrier } = delivery([webhook(URL_A), webhook(URL_B, ['v1.UserNotificationOpen'])]);
  await events.received('app', receipt(), 'user-001');
  await settled();
  expect(sent.map(({ url }) => url.href)).toEqual([URL_A]);
  const [{ headers, body, timeoutMs } = { headers: {}, body: '', timeoutMs: 0 }] = sent;
  expect(headers).toEqual({
    'User-Agent': 'pusher-webhooks',
    'Content-Type': 'application/json',
    'Webhook-Event-Type': 'v1.UserNotificationAcknowledgement',
    'Webhook-ID-UUID': webhookIdOf(INSTANCE, URL_A),
    'Webhook-Request-ID-UUID': expect.stringMatching(/^[0-9a-f-]{36}$/),
    'Webhook-Signature': signatureOf(body, `secret of ${URL_A}`),
  });
  expect(JSON.parse(body)).toMatchObject({
    payload: { instance_id: INSTANCE, publish_id: 'pubid-1', user_id: 'user-001' },
    custom_data: { env: 'test' },
  });
  expect(timeoutMs).toBe(3000);
  await carrier.stop();
});

it('repeats what fails after 10, 30, 120 and 300 seconds, the same id and signature each time', async () => {
  const { clock, sent, state, events, carrier } = delivery([webhook(URL_A)]);
  state.answer = () =>
    sent.length < 5
      ? { ok: false, failure: 'answer', reason: 'the answer has status 500' }
      : { ok: true, status: 200 };
  await events.received('app', receipt(), 'user-001');
  for (let second = 0; second < 1000; second += 1) {
    await settled();
    clock.advance(1000);
  }
  expect(sent.map(({ at }) => at / 1000)).toEqual([0, 10, 40, 160, 460]);
  expect(new Set(sent.map(({ headers, body }) => JSON.stringify([headers, body]))).size).toBe(1);
  await carrier.stop();
});

it('gives up after the fifth attempt, and begins again when asked to', async () => {
  const { clock, sent, state, queue, events, carrier } = delivery([webhook(URL_A)]);
  state.answer = () => ({ ok: false, failure: 'connection', reason: 'refused' });
  await events.received('app', receipt(), 'user-001');
  for (let second = 0; second < 1000; second += 1) {
    await settled();
    clock.advance(1000);
  }
  expect(sent).toHaveLength(5);
  const { items } = await queue.failed('app', { after: undefined, limit: 10 });
  expect(items).toMatchObject([{ failures: 5, reason: 'refused' }]);
  state.answer = () => ({ ok: true, status: 200 });
  await queue.retry('app', [items[0]?.id ?? ''], clock.now());
  carrier.look();
  await settled();
  expect(sent).toHaveLength(6);
  expect(sent[5]?.headers).toEqual(sent[0]?.headers);
  await carrier.stop();
});

it('never repeats what is not allowed, or not configured any more', async () => {
  const { clock, sent, state, queue, events, carrier } = delivery([webhook(URL_A)]);
  state.answer = () => ({ ok: false, failure: 'policy', reason: 'a private address' });
  await events.received('app', receipt('one'), 'user-001');
  await settled();
  state.webhooks = [];
  clock.advance(1000);
  state.webhooks = [webhook(URL_A)];
  const added = events.received('app', receipt('two'), 'user-001');
  state.webhooks = [];
  await added;
  await settled();
  expect(sent).toHaveLength(1);
  const { items } = await queue.failed('app', { after: undefined, limit: 10 });
  expect(items.map(({ reason }) => reason).sort()).toEqual([
    'a private address',
    'the webhook is not configured any more',
  ]);
  await carrier.stop();
});

it('a receiver that hangs holds up only itself', async () => {
  const { sent, state, events, carrier } = delivery([webhook(URL_A), webhook(URL_B)]);
  let release: (result: PostResult) => void = () => undefined;
  const hanging = new Promise<PostResult>((resolve) => {
    release = resolve;
  });
  state.answer = ({ url }) => (url.href === URL_A ? hanging : { ok: true, status: 200 });
  for (let n = 0; n < 20; n += 1) await events.received('app', receipt(`device ${n}`), 'user-001');
  await settled();
  expect(sent.filter(({ url }) => url.href === URL_B)).toHaveLength(20);
  expect(sent.filter(({ url }) => url.href === URL_A).length).toBeLessThanOrEqual(8);
  release({ ok: true, status: 200 });
  await carrier.stop();
});

it('a publish that is reported finished twice is told once', async () => {
  const { sent, events, carrier } = delivery([webhook(URL_A)]);
  const finished = {
    appId: 'app',
    publicId: 'pubid-1',
    door: 'beams',
    target: { kind: 'users', users: ['u', 'v'] },
    publishWebhook: { url: 'https://name:word@c.example.com/p', requestBody: '{"users":["u","v"]}' },
    status: 'finished',
    counts: {} as never,
    byProvider: [{ provider: 'fcm', sent: 1, failed: 0 }],
    users: { delivered: ['u'], noDevices: ['v'], failed: [] },
  } as const;
  expect(events.wants({ ...finished, publishWebhook: undefined } as never)).toBe(true);
  await events.finished(finished);
  await events.finished(finished);
  await settled();
  expect(sent.map(({ url }) => url.host).sort()).toEqual(['a.example.com', 'c.example.com']);
  await carrier.stop();
});

it('nobody wants to hear of publishes that no webhook is for', () => {
  const { events } = delivery([webhook(URL_A, ['v1.UserNotificationOpen'])]);
  const publish = {
    appId: 'app',
    door: 'beams',
    target: { kind: 'users', users: ['u'] },
    publishWebhook: undefined,
  };
  expect(events.wants(publish as never)).toBe(false);
  expect(events.wants({ ...publish, publishWebhook: { url: URL_A, requestBody: '{}' } } as never)).toBe(true);
});
