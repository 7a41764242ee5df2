/** From accepting a publish to its outcomes, over the real registry and queue. */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Registration } from '../../server/push/device-store.ts';
import { Housekeeping } from '../../server/push/housekeeping.ts';
import type { NewPublish } from '../../server/push/publish.ts';
import type { PushProvider } from '../../server/push/push-provider.ts';
import { eraseFromOutcomes } from '../../server/push/storage/sql-erasing.ts';
import { SqlPushQueue } from '../../server/push/storage/sql-push-queue.ts';
import { onEachDatabase } from '../support/databases.ts';
import { emptyQueue } from '../support/push/empty-queue.ts';
import { DEAD, later, MISCONFIGURED, REFUSED } from '../support/push/fake-provider.ts';
import { type NodeParts, type TestNode, TICK_MS, testNode, until } from '../support/push/pipeline.ts';
import { ALL, BY_TOKEN, registration, type TestRegistry, testRegistry } from '../support/registry.ts';
import { silentLogger } from '../support/silent-logger.ts';

const HOUR_MS = 3600_000;
const toChannel = (...channels: string[]): Partial<NewPublish> => ({
  target: { kind: 'channels', channels },
});

onEachDatabase((given) => {
  let appId: string;
  let registry: TestRegistry;
  let queue: SqlPushQueue;
  let nodes: TestNode[];

  beforeEach(async () => {
    appId = randomUUID();
    registry = testRegistry(given().database);
    queue = await emptyQueue(given().database);
    nodes = [];
  });
  afterEach(async () => {
    for (const { push } of nodes) await push.stop(0);
  });

  function start(changes: Partial<NodeParts> = {}): TestNode {
    const { audience, store: devices, clock } = registry;
    const node = testNode({ appId, queue, audience, devices, clock, ...changes });
    nodes.push(node);
    node.push.start();
    return node;
  }

  const register = async (token: string, changes: Partial<Registration> = {}): Promise<string> =>
    (await registry.store.register(appId, registration(token, changes), BY_TOKEN)).id;

  /** Waits while time passes. */
  const ticking = <T>(look: () => T | false | undefined | Promise<T | false | undefined>): Promise<T> =>
    until(() => {
      registry.clock.advance(TICK_MS);
      return look();
    });

  /** Waits until so many jobs wait for their time. */
  async function untilWaiting(count: number): Promise<void> {
    await until(async () => {
      const waiting = given().database.db.selectFrom('push_jobs').select('id').where('state', '=', 'waiting');
      return (await waiting.execute()).length === count;
    });
  }

  async function registerMany(count: number, changes: Partial<Registration> = {}): Promise<string[]> {
    const tokens = Array.from({ length: count }, (_, n) => `token-${n}`);
    for (const token of tokens) await register(token, { channels: ['all'], ...changes });
    return tokens;
  }

  describe('a publish', () => {
    it('reaches every device of its audience once, whichever of the names they listen to', async () => {
      const node = start();
      await register('one', { channels: ['a', 'b', 'c'] });
      await register('two', { channels: ['b'] });
      await register('other', { channels: ['d'] });
      const { counts } = await node.ended(await node.accept(toChannel('a', 'b', 'c')));
      expect(node.fcm.tokens().sort()).toEqual(['one', 'two']);
      expect(counts).toMatchObject({ targeted: 2, sent: 2, failed: 0 });
    });

    it('is made of pages and jobs, and reaches all the same', async () => {
      const tokens = await registerMany(57);
      const node = start({ settings: { pageSize: 10 } });
      const { counts, status } = await node.ended(await node.accept(toChannel('all')));
      expect(node.fcm.tokens().sort()).toEqual([...tokens].sort());
      expect({ status, ...counts }).toMatchObject({ status: 'finished', targeted: 57, sent: 57 });
    });

    it('goes to each device by its provider, and prepares what is the same for all once', async () => {
      await register('f1', { channels: ['c'] });
      await register('f2', { channels: ['c'] });
      await register('a1', { channels: ['c'], provider: 'apns', platform: 'ios' });
      const node = start();
      const payloads = { fcm: { data: { a: '1' } }, apns: { headers: {}, payload: { aps: { alert: 'x' } } } };
      const publicId = await node.accept({ ...toChannel('c'), payloads });
      const prepared = node.fcm.prepared;
      await node.ended(publicId);
      expect(node.fcm.tokens().sort()).toEqual(['f1', 'f2']);
      expect(node.apns.messages).toEqual([{ token: 'a1', payload: payloads.apns }]);
      expect(node.fcm.prepared - prepared).toBe(1);
    });

    it('skips devices it has nothing for, and those of a provider that is not set up', async () => {
      await register('web', { channels: ['c'], provider: 'webpush', platform: 'web' });
      await register('hms', { channels: ['c'], provider: 'hms' });
      const node = start();
      const publicId = await node.accept({ ...toChannel('c'), payloads: { fcm: {}, hms: {} } });
      expect((await node.ended(publicId)).counts).toMatchObject({ targeted: 2, skipped: 2, sent: 0 });
      const outcomes = await node.outcomes(publicId);
      expect(outcomes.map(({ provider, status, code, tries }) => [provider, status, code, tries])).toEqual([
        ['hms', 'skipped', 'no_provider', 0],
        ['webpush', 'skipped', 'no_payload', 0],
      ]);
    });

    it('leaves out devices that were registered after it', async () => {
      await register('before', { channels: ['c'] });
      const node = start({ settings: { pageSize: 1 } });
      const publicId = await node.accept({ ...toChannel('c'), sendAt: registry.clock.now() + HOUR_MS });
      registry.clock.advance(HOUR_MS / 2);
      await register('while it waits', { channels: ['c'] });
      registry.clock.advance(HOUR_MS);
      await register('too late', { channels: ['c'] });
      await node.ended(publicId);
      expect(node.fcm.tokens().sort()).toEqual(['before', 'while it waits']);
    });

    it('reaches the token that a device has by then, and no device that is gone', async () => {
      const id = await register('old', { channels: ['c'] });
      const gone = await register('gone', { channels: ['c'] });
      const node = start();
      node.fcm.answers.set('old', [later()]);
      node.fcm.answers.set('gone', [later()]);
      const publicId = await node.accept(toChannel('c'));
      await until(() => node.fcm.messages.length === 2);
      await registry.store.register(appId, registration('new', { channels: ['c'] }), { kind: 'given', id });
      await registry.store.remove(appId, { ids: [gone] });
      await untilWaiting(1);
      registry.clock.advance(2000);
      expect((await node.ended(publicId)).counts).toMatchObject({ sent: 1, skipped: 1 });
      expect(node.fcm.tokens().slice(2)).toEqual(['new']);
      expect((await node.outcomes(publicId)).find(({ deviceId }) => deviceId === gone)).toMatchObject({
        status: 'skipped',
        code: 'device_gone',
      });
    });
  });

  describe('retries', () => {
    it('are made until the provider takes it: 503 twice, then one notification after three tries', async () => {
      await register('t', { channels: ['c'] });
      await register('other', { channels: ['c'] });
      const node = start();
      node.fcm.answers.set('t', [later(), later()]);
      const publicId = await node.accept(toChannel('c'));
      await untilWaiting(1);
      registry.clock.advance(2000);
      await ticking(() => node.fcm.messages.length === 3);
      await untilWaiting(1);
      registry.clock.advance(3000);
      expect((await node.ended(publicId)).counts).toMatchObject({ targeted: 2, sent: 2, failed: 0 });
      expect(node.fcm.tokens().filter((token) => token === 't')).toHaveLength(3);
      expect((await node.outcomes(publicId)).map(({ status, tries }) => [status, tries]).sort()).toEqual([
        ['sent', 1],
        ['sent', 3],
      ]);
    });

    it('wait at least as long as the provider asks', async () => {
      await register('t', { channels: ['c'] });
      const node = start();
      node.fcm.answers.set('t', [later(30_000)]);
      const publicId = await node.accept(toChannel('c'));
      await untilWaiting(1);
      registry.clock.advance(29_000);
      await pause(50);
      expect(node.fcm.messages).toHaveLength(1);
      registry.clock.advance(4000);
      expect((await node.ended(publicId)).counts.sent).toBe(1);
    });

    it('end when the publish expires', async () => {
      await register('t', { channels: ['c'] });
      const node = start();
      node.fcm.always = later();
      const publicId = await node.accept({ ...toChannel('c'), expiresAt: registry.clock.now() + 2500 });
      await untilWaiting(1);
      registry.clock.advance(2000);
      expect(await node.ended(publicId)).toMatchObject({
        status: 'expired',
        counts: { expired: 1, sent: 0 },
      });
      expect((await node.outcomes(publicId))[0]).toMatchObject({
        status: 'expired',
        code: 'UNAVAILABLE',
        tries: 2,
      });
    });

    it('end after a day without an expiry', async () => {
      await register('t', { channels: ['c'] });
      const node = start();
      node.fcm.always = later(13 * HOUR_MS);
      const publicId = await node.accept(toChannel('c'));
      await untilWaiting(1);
      registry.clock.advance(14 * HOUR_MS);
      expect((await node.ended(publicId)).counts).toMatchObject({ failed: 1, expired: 0 });
      expect((await node.outcomes(publicId))[0]).toMatchObject({
        status: 'failed',
        code: 'UNAVAILABLE',
        tries: 2,
      });
    });

    it('are few when the credentials are wrong, and the devices stay', async () => {
      const id = await register('t', { channels: ['c'] });
      const node = start({
        settings: { retry: { firstMs: 1000, longestMs: 60_000, giveUpMs: HOUR_MS, misconfiguredTries: 3 } },
      });
      node.fcm.always = MISCONFIGURED;
      const publicId = await node.accept(toChannel('c'));
      expect((await node.ended(publicId)).counts).toMatchObject({ failed: 1, dead: 0 });
      expect(node.fcm.messages).toHaveLength(3);
      expect(await registry.store.find(appId, id)).toBeDefined();
    });

    it('are made by the next process too, after this one stopped', async () => {
      await register('t', { channels: ['c'] });
      const first = start();
      first.fcm.always = later();
      const publicId = await first.accept(toChannel('c'));
      await untilWaiting(1);
      await first.push.stop(1000);
      const second = start({ queue: await SqlPushQueue.open(given().database) });
      registry.clock.advance(2000);
      expect((await second.ended(publicId)).counts.sent).toBe(1);
    });
  });

  describe('verdicts', () => {
    it('on a token that was sent to by itself remove the device that has it, of this provider and app', async () => {
      const dead = await register('raw');
      const others = [await register('raw', { provider: 'hms' }), await register('alive')];
      const elsewhere = await registry.store.register('another app', registration('raw'), BY_TOKEN);
      const node = start();
      node.fcm.answers.set('raw', [DEAD]);
      const target = { kind: 'tokens', provider: 'fcm', tokens: ['raw', 'alive', 'unknown'] } as const;
      const { counts } = await node.ended(await node.accept({ target }));
      expect(counts).toMatchObject({ sent: 2, dead: 1 });
      expect(await registry.store.find(appId, dead)).toBeUndefined();
      for (const id of others) expect(await registry.store.find(appId, id)).toBeDefined();
      expect(await registry.store.find('another app', elsewhere.id)).toBeDefined();
    });

    it('on a token of Apple in another letter case remove its device all the same', async () => {
      const id = await register('abcd', { provider: 'apns', platform: 'ios' });
      const node = start();
      node.apns.answers.set('ABCD', [DEAD]);
      const target = { kind: 'tokens', provider: 'apns', tokens: ['ABCD'] } as const;
      await node.ended(await node.accept({ target, payloads: { apns: { headers: {}, payload: {} } } }));
      expect(await registry.store.find(appId, id)).toBeUndefined();
    });

    it('remove a dead device in the same step, and touch no other', async () => {
      const dead = await register('dead', { channels: ['c'] });
      const alive = await register('alive', { channels: ['c'] });
      const refused = await register('refused', { channels: ['c'] });
      const node = start();
      node.fcm.answers.set('dead', [DEAD]);
      node.fcm.answers.set('refused', [REFUSED]);
      const publicId = await node.accept(toChannel('c'));
      const report = await node.ended(publicId);
      expect(report).toMatchObject({ status: 'finished', counts: { sent: 1, failed: 2, dead: 1 } });
      expect(await registry.store.find(appId, dead)).toBeUndefined();
      expect((await registry.store.list(appId, {}, ALL)).items.map(({ id }) => id).sort()).toEqual(
        [alive, refused].sort(),
      );
      const outcome = (await node.outcomes(publicId)).find(({ deviceId }) => deviceId === dead);
      expect(outcome).toMatchObject({
        status: 'dead',
        code: 'UNREGISTERED',
        reason: 'the token is not registered',
      });
    });

    it('leave a device alone whose token was renewed meanwhile', async () => {
      const id = await register('old', { channels: ['c'] });
      const node = start();
      let open = (): void => undefined;
      node.fcm.gate = new Promise((resolve) => {
        open = resolve;
      });
      node.fcm.answers.set('old', [DEAD]);
      const publicId = await node.accept(toChannel('c'));
      await until(() => node.fcm.most === 1);
      await registry.store.register(appId, registration('new', { channels: ['c'] }), { kind: 'given', id });
      open();
      await node.ended(publicId);
      expect(await registry.store.find(appId, id)).toMatchObject({ token: 'new' });
    });

    it('are counted by provider, recipients, platform and code', async () => {
      await register('one', { channels: ['c'] });
      await register('two', { channels: ['c'] });
      await register('no', { channels: ['c'], platform: 'ios' });
      const node = start();
      node.fcm.answers.set('no', [REFUSED]);
      await node.ended(await node.accept(toChannel('c')));
      const common = { provider: 'fcm', recipientType: 'channels' };
      expect(node.attempts).toHaveLength(2);
      expect(node.attempts).toEqual(
        expect.arrayContaining([
          { ...common, platform: 'android', success: true, code: '', count: 2 },
          { ...common, platform: 'ios', success: false, code: 'INVALID', count: 1 },
        ]),
      );
    });
  });

  describe('times', () => {
    it('a scheduled publish goes out at its time, not before', async () => {
      await register('t', { channels: ['c'] });
      const node = start();
      const publicId = await node.accept({ ...toChannel('c'), sendAt: registry.clock.now() + HOUR_MS });
      expect((await node.report(publicId)).status).toBe('scheduled');
      registry.clock.advance(HOUR_MS - 1000);
      await pause(50);
      expect(node.fcm.messages).toEqual([]);
      registry.clock.advance(1000);
      expect((await node.ended(publicId)).status).toBe('finished');
    });

    it('a publish whose time is over before its audience is found expires', async () => {
      await register('t', { channels: ['c'] });
      const node = start();
      const now = registry.clock.now();
      const publicId = await node.accept({ ...toChannel('c'), sendAt: now + 2000, expiresAt: now + 1000 });
      registry.clock.advance(2000);
      expect(await node.ended(publicId)).toMatchObject({
        status: 'expired',
        counts: { targeted: 0, sent: 0 },
      });
    });

    it('a cancelled publish sends nothing any more, and says so of each device it had found', async () => {
      await registerMany(5);
      const node = start();
      node.fcm.answers.set('token-0', [later()]);
      const publicId = await node.accept(toChannel('all'));
      await untilWaiting(1);
      expect(await node.push.publishing.cancel(appId, publicId)).toBe(true);
      const report = await node.ended(publicId);
      expect(report).toMatchObject({ status: 'cancelled', counts: { sent: 4, cancelled: 1 } });
      expect(node.fcm.messages).toHaveLength(5);
      expect(await node.push.publishing.cancel(appId, publicId)).toBe(false);
    });

    it('a publish cancelled before its time reaches nobody', async () => {
      await register('t', { channels: ['c'] });
      const node = start();
      const publicId = await node.accept({ ...toChannel('c'), sendAt: registry.clock.now() + HOUR_MS });
      expect(await node.push.publishing.cancel(appId, publicId)).toBe(true);
      expect(await node.ended(publicId)).toMatchObject({ status: 'cancelled', counts: { targeted: 0 } });
      registry.clock.advance(2 * HOUR_MS);
      await pause(50);
      expect(node.fcm.messages).toEqual([]);
    });
  });

  describe('users', () => {
    it('who are connected are skipped when only others are meant, once they had time to connect', async () => {
      await register('ada-1', { user: 'ada' });
      await register('bob-1', { user: 'bob' });
      const node = start();
      const publicId = await node.accept({
        target: { kind: 'users', users: ['ada', 'bob'] },
        offlineOnly: { withinMs: 5000 },
      });
      registry.clock.advance(4000);
      await pause(50);
      expect(node.fcm.messages).toEqual([]);
      node.online.add('ada');
      registry.clock.advance(1000);
      expect((await node.ended(publicId)).counts).toMatchObject({ targeted: 2, sent: 1, skipped: 1 });
      expect(node.fcm.tokens()).toEqual(['bob-1']);
      const skipped = (await node.outcomes(publicId)).find(({ user }) => user === 'ada');
      expect(skipped).toMatchObject({ status: 'skipped', code: 'online' });
    });

    it('get texts with their own values', async () => {
      for (const token of ['a1', 'a2']) await register(token, { user: 'ada' });
      await register('b1', { user: 'bob' });
      const node = start();
      await node.ended(
        await node.accept({
          target: { kind: 'users', users: ['ada', 'bob'] },
          payloads: { fcm: { notification: { title: '{{name}}, the {{team}} won!' } } },
          variables: { ada: { name: 'Ada', team: 'A&B' }, bob: { name: 'Bob' } },
        }),
      );
      const titles = node.fcm.messages
        .map(({ token, payload }) => `${token} ${JSON.stringify(payload)}`)
        .sort();
      expect(titles).toEqual([
        'a1 {"notification":{"title":"Ada, the A&B won!"}}',
        'a2 {"notification":{"title":"Ada, the A&B won!"}}',
        'b1 {"notification":{"title":"Bob, the  won!"}}',
      ]);
    });

    it('get texts with what is known of them, and values of the publish over that', async () => {
      await register('a1', { user: 'ada' });
      await register('b1', { user: 'bob' });
      await register('c1');
      const node = start();
      node.known.set('ada', { name: 'Ada of old', team: 'A' });
      node.known.set('bob', { name: 'Bob' });
      await node.ended(
        await node.accept({
          target: { kind: 'all' },
          payloads: { fcm: { data: { text: '{{name}}/{{team}}' } } },
          variables: { ada: { name: 'Ada' } },
        }),
      );
      const texts = node.fcm.messages
        .map(({ token, payload }) => `${token} ${JSON.stringify(payload)}`)
        .sort();
      expect(texts).toEqual([
        'a1 {"data":{"text":"Ada/A"}}',
        'b1 {"data":{"text":"Bob/"}}',
        'c1 {"data":{"text":"/"}}',
      ]);
    });

    it('are told apart at the end: reached, without devices, failed; the hook hears it until it has it', async () => {
      await register('a1', { user: 'ada' });
      await register('a2', { user: 'ada' });
      await register('c1', { user: 'cleo' });
      await register('d1', { user: 'dan' });
      const node = start();
      node.fcm.answers.set('a2', [REFUSED]);
      node.fcm.answers.set('c1', [REFUSED]);
      node.fcm.answers.set('d1', [DEAD]);
      node.hookFailures = 2;
      const users = ['ada', 'bob', 'cleo', 'dan'];
      const publicId = await node.accept({ door: 'beams', target: { kind: 'users', users } });
      expect(publicId).toMatch(/^pubid-[0-9a-f-]{36}$/);
      await ticking(() => node.finished.length === 1);
      expect(node.hookFailures).toBe(0);
      expect(node.finished[0]).toMatchObject({
        publicId,
        status: 'finished',
        byProvider: [{ provider: 'fcm', sent: 1, failed: 3 }],
        users: { delivered: ['ada'], noDevices: ['bob', 'dan'], failed: ['cleo'] },
      });
    });

    it('are named in outcomes of whatever reached them, while their devices are theirs', async () => {
      const id = await register('a1', { user: 'ada', channels: ['c'] });
      const node = start();
      const publicId = await node.accept(toChannel('c'));
      await node.ended(publicId);
      expect((await node.outcomes(publicId))[0]?.user).toBe('ada');
      registry.clock.advance(1000);
      await registry.store.update(appId, { ids: [id] }, { user: 'bob' });
      expect((await node.outcomes(publicId))[0]?.user).toBeUndefined();
    });

    it('are forgotten in outcomes with the user', async () => {
      await register('a1', { user: 'ada' });
      const node = start();
      const publicId = await node.accept();
      await node.ended(publicId);
      const { database } = given();
      await registry.store.removeUser(appId, 'ada');
      await database.transaction((trx) => eraseFromOutcomes(trx, 'another app', 'ada'));
      expect((await node.outcomes(publicId))[0]?.user).toBe('ada');
      await database.transaction((trx) => eraseFromOutcomes(trx, appId, 'ada'));
      expect((await node.outcomes(publicId))[0]).toMatchObject({ status: 'sent', user: undefined });
    });
  });

  describe('idempotency', () => {
    it('a publish repeated under its key within a day is answered like the first and sent once', async () => {
      await register('t', { channels: ['c'] });
      const node = start();
      const publish = { ...toChannel('c'), idempotency: { key: 'k', fingerprint: 'f' } };
      const first = await node.accept(publish);
      await node.ended(first);
      expect(await node.accept(publish)).toBe(first);
      const other = { ...publish, idempotency: { key: 'k', fingerprint: 'g' } };
      await expect(node.accept(other)).rejects.toThrow('conflict');
      registry.clock.advance(24 * HOUR_MS);
      const later = await node.accept(other);
      await node.ended(later);
      expect(later).not.toBe(first);
      expect(node.fcm.messages).toHaveLength(2);
    });
  });

  describe('receipts', () => {
    it('are news once for each device, publish and kind, and name the user', async () => {
      const ada = await register('a1', { user: 'ada' });
      const nobody = await register('n1');
      const node = start();
      const publicId = await node.accept({ target: { kind: 'devices', ids: [ada, nobody] } });
      await node.ended(publicId);
      const { publishing } = node.push;
      const receipt = { publicId, deviceId: ada, kind: 'delivered' as const, clientTime: 5, flags: {} };
      expect(await publishing.received(appId, receipt)).toEqual({ news: true, user: 'ada' });
      expect(await publishing.received(appId, receipt)).toEqual({ news: false, user: undefined });
      expect(await publishing.received(appId, { ...receipt, kind: 'opened' })).toEqual({
        news: true,
        user: 'ada',
      });
      expect(await publishing.received(appId, { ...receipt, deviceId: nobody })).toEqual({
        news: true,
        user: undefined,
      });
      expect(await publishing.received(appId, { ...receipt, deviceId: 'fcm-unknown' })).toMatchObject({
        news: false,
      });
      expect(await publishing.received(appId, { ...receipt, publicId: 'unknown' })).toMatchObject({
        news: false,
      });
      expect((await node.report(publicId)).counts).toMatchObject({ delivered: 2, opened: 1 });
    });
  });

  describe('Beams data', () => {
    it('goes with what comes through Beams, and to devices of Beams whatever it comes through', async () => {
      await register('beams', { channels: ['c'], door: 'beams' });
      await register('plain', { channels: ['c'] });
      const node = start();
      const pusherOf = (token: string): unknown => {
        const message = node.fcm.messages.findLast((sent) => sent.token === token);
        const { data } = (message?.payload ?? {}) as { data?: { pusher?: string } };
        return data?.pusher;
      };
      await node.ended(await node.accept(toChannel('c')));
      expect(pusherOf('beams')).toContain('"publishId"');
      expect(pusherOf('plain')).toBeUndefined();
      const publicId = await node.accept({ ...toChannel('c'), door: 'beams' });
      await node.ended(publicId);
      expect(pusherOf('plain')).toContain(`"publishId":"${publicId}"`);
    });
  });

  describe('a node', () => {
    it('that slept for longer than its lease notes what it sent, and does not take it for lost', async () => {
      await register('t', { channels: ['c'] });
      const sent: string[] = [];
      let answer = (): void => undefined;
      const answered = new Promise<void>((resolve) => {
        answer = resolve;
      });
      const slow: PushProvider = {
        prepare: () => ({ bytes: 1 }),
        async send(_prepared, addresses) {
          sent.push(...addresses.map(({ token }) => token));
          await answered;
          return addresses.map(() => ({ kind: 'sent', messageId: undefined }));
        },
        close: () => undefined,
      };
      const node = start({ providers: new Map([['fcm', slow]]) });
      const publicId = await node.accept(toChannel('c'));
      await until(() => sent.length === 1);
      registry.clock.sleep(HOUR_MS);
      registry.clock.advance(TICK_MS);
      // Time in which the queue is asked for jobs whose leases are over.
      await pause(200);
      answer();
      expect((await node.ended(publicId)).counts).toMatchObject({ sent: 1, failed: 0 });
      expect(sent).toEqual(['t']);
    });
  });

  describe('several nodes', () => {
    it('share the work of a publish, and send nothing twice', async () => {
      const tokens = await registerMany(60);
      const many = [1, 2, 3].map(() =>
        start({ settings: { pageSize: 4, recipientsPerProvider: 8, pollMs: 20, jobsAhead: 10 } }),
      );
      const [first] = many as [TestNode, ...TestNode[]];
      const publicIds = await Promise.all([1, 2, 3, 4].map(() => first.accept(toChannel('all'))));
      for (const publicId of publicIds) {
        expect((await first.ended(publicId)).counts).toMatchObject({ targeted: 60, sent: 60 });
      }
      const sent = many.flatMap(({ fcm }) => fcm.tokens());
      expect(sent).toHaveLength(240);
      for (const token of tokens) expect(sent.filter((other) => other === token)).toHaveLength(4);
      expect(many.filter(({ fcm }) => fcm.messages.length > 0).length).toBeGreaterThan(1);
    });

    it('a small publish does not wait for a huge one', async () => {
      await registerMany(100);
      await register('small', { channels: ['small'] });
      const node = start({ settings: { pageSize: 5, recipientsPerProvider: 5 } });
      const huge = await node.accept(toChannel('all'));
      await until(() => node.fcm.messages.length > 20);
      const small = await node.accept(toChannel('small'));
      await node.ended(small);
      expect((await node.report(huge)).finishedAt).toBeUndefined();
      expect((await node.ended(huge)).counts.sent).toBe(100);
    });

    it('a node that stops gives what it has not sent to the others at once', async () => {
      await registerMany(20);
      const first = start({ settings: { pageSize: 5 } });
      first.fcm.gate = new Promise(() => undefined);
      const publicId = await first.accept(toChannel('all'));
      await until(() => first.fcm.most > 0);
      let stopped = false;
      const stopping = first.push.stop(1000).then(() => {
        stopped = true;
      });
      await ticking(() => stopped);
      await stopping;
      const second = start();
      expect((await second.ended(publicId)).counts).toMatchObject({ targeted: 20, sent: 20 });
      expect((await second.outcomes(publicId)).every(({ tries }) => tries === 1)).toBe(true);
    });
  });

  it('memory is bounded by what is under way, not by the audience', async () => {
    await registerMany(200);
    const node = start({ settings: { pageSize: 10, recipientsPerProvider: 20, jobsAhead: 5 } });
    const publicId = await node.accept(toChannel('all'));
    let most = 0;
    await until(async () => {
      registry.clock.advance(250);
      const jobs = await given().database.db.selectFrom('push_jobs').select('id').execute();
      most = Math.max(most, jobs.length);
      return (await node.report(publicId)).finishedAt !== undefined;
    });
    expect((await node.report(publicId)).counts.sent).toBe(200);
    expect(most).toBeLessThanOrEqual(8);
    expect(node.fcm.most).toBeLessThanOrEqual(20);
  });

  it('removes what is old: publishes after the days they are kept, devices that were not heard of', async () => {
    const id = await register('t', { channels: ['c'] });
    const node = start();
    const publicId = await node.accept(toChannel('c'));
    await node.ended(publicId);
    const { store: devices, clock } = registry;
    const ports = { queue, devices, clock, logger: silentLogger };
    const housekeeping = new Housekeeping({ keepDays: 2, maxInactiveDeviceDays: 3 }, ports);
    clock.advance(1.9 * 24 * HOUR_MS);
    await housekeeping.sweep();
    expect(await node.report(publicId)).toBeDefined();
    clock.advance(0.2 * 24 * HOUR_MS);
    await housekeeping.sweep();
    expect(await node.push.publishing.report(appId, publicId)).toBeUndefined();
    expect(await registry.store.find(appId, id)).toBeDefined();
    clock.advance(24 * HOUR_MS);
    await housekeeping.sweep();
    expect(await registry.store.find(appId, id)).toBeUndefined();
  });
});
