/** What every PresenceStore promises; run by each implementation. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { WebhookEvent } from '../../protocol/index.ts';
import type { PresenceStore } from '../../server/presence/presence-store.ts';

export interface PresenceStoreUnderTest {
  readonly store: PresenceStore;
  /** What the store announced so far, in order. */
  announced(): Promise<readonly Announced[]>;
  /** What it queued for webhooks so far, in order of each channel. */
  reported(): Promise<ReadonlyArray<WebhookEvent & { readonly appId: string }>>;
}

export interface Announced {
  readonly topic: string;
  readonly frame: string;
  readonly except: string | undefined;
}

const APP = 'app-1';
/** An app whose subscribers are told how many they are; `APP`'s are not. */
export const COUNTING_APP = 'counting-app';
const SOCKET = '1.1';

export function presenceStoreContract(create: () => Promise<PresenceStoreUnderTest>): void {
  let store: PresenceStore;
  let reported: PresenceStoreUnderTest['reported'];
  let announced: () => Promise<Array<{ topic: string; frame: unknown; except: string | undefined }>>;

  beforeEach(async () => {
    const underTest = await create();
    store = underTest.store;
    reported = underTest.reported;
    announced = async () =>
      (await underTest.announced()).map(({ topic, frame, except }) => ({
        topic,
        frame: JSON.parse(frame),
        except,
      }));
  });

  describe('subscriptions', () => {
    it('are counted', async () => {
      for (const count of [1, 2, 1, 0]) {
        expect(await store.subscribed(APP, 'a', count)).toEqual({ subscriptions: count, told: false });
      }
      expect(await announced()).toEqual([]);
    });

    it('an unoccupied channel counts zero and is not listed', async () => {
      await store.subscribed(APP, 'a', 1);
      await store.subscribed(APP, 'a', 0);
      expect(await store.channel(APP, 'a')).toEqual({ subscriptions: 0, users: 0 });
      expect([...(await store.channels(APP, ''))]).toEqual([]);
    });

    it('occupied channels are listed by prefix', async () => {
      for (const name of ['news', 'presence-a', 'presence-b', '__proto__']) {
        await store.subscribed(APP, name, 1);
      }
      expect([...(await store.channels(APP, '')).keys()].sort()).toEqual([
        '__proto__',
        'news',
        'presence-a',
        'presence-b',
      ]);
      expect([...(await store.channels(APP, 'presence-')).keys()].sort()).toEqual([
        'presence-a',
        'presence-b',
      ]);
    });

    it('apps do not see one another', async () => {
      await store.subscribed(APP, 'a', 3);
      expect(await store.channel('app-2', 'a')).toEqual({ subscriptions: 0, users: 0 });
      expect([...(await store.channels('app-2', ''))]).toEqual([]);
    });
  });

  describe('subscription counts', () => {
    const counts = async () =>
      (await announced()).map(({ topic, frame, except }) => [
        topic,
        except,
        (frame as { data: string }).data,
      ]);

    it('are told at every change while they are few, but to the joiner', async () => {
      await store.subscribed(COUNTING_APP, 'a', 1, '1.1');
      expect(await store.subscribed(COUNTING_APP, 'a', 2, '2.2')).toEqual({ subscriptions: 2, told: true });
      expect(await store.subscribed(COUNTING_APP, 'a', 1)).toEqual({ subscriptions: 1, told: true });
      await store.subscribed(COUNTING_APP, 'a', 0);
      expect(await counts()).toEqual([
        ['a', '2.2', '{"subscription_count":2}'],
        ['a', undefined, '{"subscription_count":1}'],
      ]);
    });

    it('the backend hears of each, of a zero too', async () => {
      for (const count of [1, 2, 0]) await store.subscribed(COUNTING_APP, 'a', count);
      expect((await reported()).filter(({ name }) => name === 'subscription_count')).toEqual(
        [1, 2, 0].map((count) => ({
          appId: COUNTING_APP,
          name: 'subscription_count',
          channel: 'a',
          subscriptionCount: count,
        })),
      );
    });

    it('are not told at every change when they are many', async () => {
      await store.subscribed(COUNTING_APP, 'a', 500, '1.1');
      for (let count = 501; count < 510; count += 1) {
        expect((await store.subscribed(COUNTING_APP, 'a', count, '2.2')).told).toBe(false);
      }
      expect(await counts()).toEqual([['a', '1.1', '{"subscription_count":500}']]);
    });

    it('are not told on presence channels, which have members', async () => {
      expect(await store.subscribed(COUNTING_APP, 'presence-a', 1)).toEqual({
        subscriptions: 1,
        told: false,
      });
      expect(await announced()).toEqual([]);
    });
  });

  describe('webhooks', () => {
    const member = { userId: '7', userInfo: undefined };

    it('a channel is reported occupied once and vacated once', async () => {
      for (const count of [1, 2, 1, 0, 0, 1]) await store.subscribed(APP, 'a', count);
      expect(await reported()).toEqual([
        { appId: APP, name: 'channel_occupied', channel: 'a' },
        { appId: APP, name: 'channel_vacated', channel: 'a' },
        { appId: APP, name: 'channel_occupied', channel: 'a' },
      ]);
    });

    it("a member's stay lies within its channel's", async () => {
      await store.join(APP, 'presence-a', member, SOCKET, 0);
      await store.subscribed(APP, 'presence-a', 1);
      await store.leave(APP, 'presence-a', '7');
      await store.subscribed(APP, 'presence-a', 0);
      expect(await reported()).toEqual([
        { appId: APP, name: 'channel_occupied', channel: 'presence-a' },
        { appId: APP, name: 'member_added', channel: 'presence-a', userId: '7' },
        { appId: APP, name: 'member_removed', channel: 'presence-a', userId: '7' },
        { appId: APP, name: 'channel_vacated', channel: 'presence-a' },
      ]);
    });

    it('a member who joins again or is refused is not reported', async () => {
      await store.join(APP, 'presence-a', member, SOCKET, 1);
      await store.join(APP, 'presence-a', member, SOCKET, 1);
      await store.join(APP, 'presence-a', { ...member, userId: '8' }, SOCKET, 1);
      await store.leave(APP, 'presence-a', '8');
      expect((await reported()).map(({ name }) => name)).toEqual(['channel_occupied', 'member_added']);
    });

    it("neither channels of users nor users' going online are reported", async () => {
      await store.subscribed(APP, '#server-to-user-7', 1);
      await store.signedIn(APP, '7');
      await store.signedOut(APP, '7');
      await store.subscribed(APP, '#server-to-user-7', 0);
      expect(await reported()).toEqual([]);
    });
  });

  describe('members', () => {
    const join = (userId: string, userInfo?: string, max = 0) =>
      store.join(APP, 'presence-a', { userId, userInfo }, SOCKET, max);

    it('a first join is announced, except to the socket that joins', async () => {
      expect(await join('7', '{"n":1}')).toMatchObject({ joined: true, added: true });
      expect(await announced()).toEqual([
        {
          topic: 'presence-a',
          except: SOCKET,
          frame: {
            event: 'pusher_internal:member_added',
            channel: 'presence-a',
            data: '{"user_id":"7","user_info":{"n":1}}',
          },
        },
      ]);
    });

    it('the roster holds the joiner, in the order members came', async () => {
      await join('b', '{"n":1}');
      const result = await join('a');
      expect(result.joined && JSON.parse(JSON.parse(result.roster.encode()))).toEqual({
        presence: { count: 2, ids: ['b', 'a'], hash: { b: { n: 1 }, a: null } },
      });
      expect(await store.members(APP, 'presence-a')).toEqual(['b', 'a']);
    });

    it('joining again changes and announces nothing, the first user_info stays', async () => {
      await join('7', '{"n":1}');
      expect(await join('7', '{"n":2}')).toMatchObject({ joined: true, added: false });
      expect(await announced()).toHaveLength(1);
      const again = await join('8');
      expect(again.joined && JSON.parse(again.roster.encode())).toContain('"7":{"n":1}');
    });

    it('a roster goes on following the channel', async () => {
      const first = await join('a');
      await join('b');
      await store.leave(APP, 'presence-a', 'a');
      await join('c');
      await announced();
      expect(first.joined && first.roster.ids()).toEqual(['b', 'c']);
    });

    it('the last leave is announced, a leave of nobody is not', async () => {
      await join('7');
      await store.leave(APP, 'presence-a', '7');
      await store.leave(APP, 'presence-a', '7');
      expect((await announced()).slice(1)).toEqual([
        {
          topic: 'presence-a',
          except: undefined,
          frame: { event: 'pusher_internal:member_removed', channel: 'presence-a', data: '{"user_id":"7"}' },
        },
      ]);
      expect(await store.members(APP, 'presence-a')).toEqual([]);
    });

    it('a full channel refuses new users, not members, and announces nothing for them', async () => {
      await join('1', undefined, 2);
      await join('2', undefined, 2);
      expect(await join('3', undefined, 2)).toEqual({ joined: false });
      expect(await join('2', undefined, 2)).toMatchObject({ joined: true });
      expect(await announced()).toHaveLength(2);
      await store.leave(APP, 'presence-a', '1');
      expect(await join('3', undefined, 2)).toMatchObject({ joined: true });
    });

    it('counts users where the channel is occupied', async () => {
      await join('1');
      await join('2');
      await store.subscribed(APP, 'presence-a', 5);
      expect(await store.channel(APP, 'presence-a')).toEqual({ subscriptions: 5, users: 2 });
      expect(await store.channels(APP, 'presence-')).toEqual(
        new Map([['presence-a', { subscriptions: 5, users: 2 }]]),
      );
    });

    it('ids that name parts of objects are ids like others', async () => {
      const ids = ['__proto__', 'constructor', 'toString', '"quoted"'];
      let last = await join(ids[0] ?? '');
      for (const id of ids.slice(1)) last = await join(id);
      expect(await store.members(APP, 'presence-a')).toEqual(ids);
      const roster = last.joined ? JSON.parse(JSON.parse(last.roster.encode())) : undefined;
      expect(Object.keys(roster.presence.hash)).toEqual(ids);
    });
  });

  describe('users', () => {
    it('watchers are told of the first sign-in and the last sign-out', async () => {
      await store.signedIn(APP, '7');
      await store.signedIn(APP, '7');
      await store.signedOut(APP, '7');
      await store.signedOut(APP, '7');
      expect((await announced()).map(({ frame }) => (frame as { data: string }).data)).toEqual([
        '{"events":[{"name":"online","user_ids":["7"]}]}',
        '{"events":[{"name":"offline","user_ids":["7"]}]}',
      ]);
    });

    it('tells who of a list is online, in its order', async () => {
      await store.signedIn(APP, '2');
      await store.signedIn(APP, '1');
      expect(await store.online(APP, ['1', '3', '2'])).toEqual(['1', '2']);
      expect(await store.online('app-2', ['1'])).toEqual([]);
    });
  });
}
