/** What every PresenceStore promises; run by each implementation. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { WebhookEvent } from '../../protocol/index.ts';
import type { Publication } from '../../server/broker/broker.ts';
import type { PresenceStore } from '../../server/presence/presence-store.ts';
import { frameText } from '../support/publications.ts';

export interface PresenceStoreUnderTest {
  readonly store: PresenceStore;
  /** What the store announced so far, in order. */
  announced(): readonly Publication[];
  /** What it queued for webhooks so far, in order. */
  reported(): ReadonlyArray<WebhookEvent & { readonly appId: string }>;
}

const APP = 'app-1';
const SOCKET = '1.1';

export function presenceStoreContract(create: () => Promise<PresenceStoreUnderTest>): void {
  let store: PresenceStore;
  let reported: PresenceStoreUnderTest['reported'];
  let announced: () => Array<{ topic: string; frame: unknown; except: string | undefined }>;

  beforeEach(async () => {
    const underTest = await create();
    store = underTest.store;
    reported = underTest.reported;
    announced = () =>
      underTest.announced().map((publication) => ({
        topic: publication.topic,
        frame: JSON.parse(frameText(publication)),
        except: publication.exceptSocketId,
      }));
  });

  describe('subscriptions', () => {
    it('the first occupies a channel, the last vacates it, those between do neither', async () => {
      expect(await store.subscribed(APP, 'a', 1)).toEqual({ subscriptions: 1, transition: 'occupied' });
      expect(await store.subscribed(APP, 'a', 2)).toEqual({ subscriptions: 2, transition: undefined });
      expect(await store.subscribed(APP, 'a', 1)).toEqual({ subscriptions: 1, transition: undefined });
      expect(await store.subscribed(APP, 'a', 0)).toEqual({ subscriptions: 0, transition: 'vacated' });
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

  describe('webhooks', () => {
    const member = { userId: '7', userInfo: undefined };

    it('a channel is reported occupied once and vacated once', async () => {
      for (const count of [1, 2, 1, 0, 0, 1]) await store.subscribed(APP, 'a', count);
      expect(reported()).toEqual([
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
      expect(reported()).toEqual([
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
      expect(reported().map(({ name }) => name)).toEqual(['channel_occupied', 'member_added']);
    });

    it("neither channels of users nor users' going online are reported", async () => {
      await store.subscribed(APP, '#server-to-user-7', 1);
      await store.signedIn(APP, '7');
      await store.signedOut(APP, '7');
      await store.subscribed(APP, '#server-to-user-7', 0);
      expect(reported()).toEqual([]);
    });
  });

  describe('members', () => {
    const join = (userId: string, userInfo?: string, max = 0) =>
      store.join(APP, 'presence-a', { userId, userInfo }, SOCKET, max);

    it('a first join is announced, except to the socket that joins', async () => {
      expect(await join('7', '{"n":1}')).toMatchObject({ joined: true, added: true });
      expect(announced()).toEqual([
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
      expect(announced()).toHaveLength(1);
      expect(JSON.parse((await store.roster(APP, 'presence-a')).encode())).toContain('{"7":{"n":1}}');
    });

    it('the last leave is announced, a leave of nobody is not', async () => {
      await join('7');
      await store.leave(APP, 'presence-a', '7');
      await store.leave(APP, 'presence-a', '7');
      expect(announced().slice(1)).toEqual([
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
      expect(announced()).toHaveLength(2);
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
      for (const id of ['__proto__', 'constructor', 'toString', '"quoted"']) await join(id);
      expect(await store.members(APP, 'presence-a')).toEqual([
        '__proto__',
        'constructor',
        'toString',
        '"quoted"',
      ]);
      const roster = JSON.parse(JSON.parse((await store.roster(APP, 'presence-a')).encode()));
      expect(Object.keys(roster.presence.hash)).toEqual(['__proto__', 'constructor', 'toString', '"quoted"']);
    });
  });

  describe('users', () => {
    it('watchers are told of the first sign-in and the last sign-out', async () => {
      await store.signedIn(APP, '7');
      await store.signedIn(APP, '7');
      await store.signedOut(APP, '7');
      await store.signedOut(APP, '7');
      expect(announced().map(({ frame }) => (frame as { data: string }).data)).toEqual([
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
