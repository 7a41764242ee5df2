/** The hub: what becomes of a worker's contributions when it goes, and of everybody when one does not read. */
import { afterEach, describe, expect, it } from 'vitest';
import { FramePublication } from '../../server/broker/publications.ts';
import { workplaceOf } from '../../server/compose-hub.ts';
import { HubBroker } from '../../server/hub/hub-broker.ts';
import type { HubLink } from '../../server/hub/hub-link.ts';
import { HubPresenceStore } from '../../server/hub/hub-presence-store.ts';
import { HubRosters } from '../../server/hub/hub-rosters.ts';
import type { ParentService, WorkerService } from '../../server/hub/hub-services.ts';
import { Unavailable } from '../../server/lib/unavailable.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { COUNTING_APP as APP, linkPair, TestHub } from '../support/hub.ts';
import { frameText } from '../support/publications.ts';

const ROOM = 'presence-room';

const hubs: TestHub[] = [];
afterEach(() => {
  for (const hub of hubs.splice(0)) hub.stop();
});

interface Worker {
  readonly link: HubLink<ParentService>;
  readonly broker: HubBroker;
  readonly presence: HubPresenceStore;
  readonly heard: string[];
  /** Users whose connections were to end. */
  readonly terminated: string[];
}

function startHub(clock = new FakeClock()): TestHub {
  const hub = new TestHub({ clock });
  hubs.push(hub);
  return hub;
}

async function startWorker(hub: TestHub, topics: readonly string[] = [ROOM]): Promise<Worker> {
  const link = await hub.connect();
  const rosters = new HubRosters();
  const broker = new HubBroker(link, rosters.changed.bind(rosters));
  const heard: string[] = [];
  const terminated: string[] = [];
  broker.start({
    deliver: (publication) => heard.push(frameText(publication)),
    terminate: (_appId, userId) => terminated.push(userId),
  });
  for (const topic of topics) await broker.follow(APP, topic);
  return { link, broker, presence: new HubPresenceStore(link, rosters), heard, terminated };
}

const join = (worker: Worker, userId: string) =>
  worker.presence.join(APP, ROOM, { userId, userInfo: undefined }, '1.1', 0);

const events = (worker: Worker): string[] =>
  worker.heard.map((frame) => {
    const { event, data } = JSON.parse(frame) as { event: string; data: string };
    const { user_id } = JSON.parse(data) as { user_id?: string };
    return `${event.split(':')[1]} ${user_id ?? data}`;
  });

describe('a worker that goes', () => {
  it('takes its members, subscriptions and users with it, and leaves those that others share', async () => {
    const hub = startHub();
    const staying = await startWorker(hub, [ROOM, '!watch-u', '!watch-v']);
    const going = await startWorker(hub);
    await join(staying, 'both');
    await join(going, 'both');
    await join(going, 'gone');
    await staying.presence.subscribed(APP, 'shared', 2);
    await going.presence.subscribed(APP, 'shared', 3);
    await going.presence.subscribed(APP, 'theirs', 1);
    for (const worker of [staying, going]) await worker.presence.signedIn(APP, 'u');
    await going.presence.signedIn(APP, 'v');
    await hub.settled();
    staying.heard.length = 0;
    const before = hub.reported.events.length;

    going.link.close();
    await eventually(() => expect(staying.heard).toHaveLength(2));
    expect(events(staying)).toEqual([
      'member_removed gone',
      'watchlist_events {"events":[{"name":"offline","user_ids":["v"]}]}',
    ]);
    expect(await staying.presence.members(APP, ROOM)).toEqual(['both']);
    expect(await staying.presence.online(APP, ['u', 'v'])).toEqual(['u']);
    expect([...(await staying.presence.channels(APP, ''))]).toEqual([
      ['shared', { subscriptions: 2, users: 0 }],
    ]);
    const reported = hub.reported.events.slice(before).map(({ name, ...event }) => [name, event]);
    expect(reported).toEqual([
      ['member_removed', { appId: APP, channel: ROOM, userId: 'gone' }],
      ['subscription_count', { appId: APP, channel: 'shared', subscriptionCount: 2 }],
      ['channel_vacated', { appId: APP, channel: 'theirs' }],
      ['subscription_count', { appId: APP, channel: 'theirs', subscriptionCount: 0 }],
    ]);
  });

  it('is no more told of anything, nor asked', async () => {
    const hub = startHub();
    const staying = await startWorker(hub);
    const going = await startWorker(hub);
    going.link.close();
    await hub.settled();
    const grant = { appId: APP, socketId: '2.1', channel: 'private-a', userId: 'u', expiresAt: undefined };
    await eventually(async () => expect(await staying.link.call('relayGrant', grant)).toBe('unknown'));
    await staying.broker.publish(new FramePublication(APP, ROOM, 'frame'));
    await hub.settled();
    expect(staying.heard).toEqual(['frame']);
  });
});

describe('subscriptions', () => {
  it('of all workers are one count, told to all but the joiner', async () => {
    const hub = startHub();
    const [one, other] = [await startWorker(hub, ['a']), await startWorker(hub, ['a'])];
    expect(await one.presence.subscribed(APP, 'a', 1, '1.1')).toEqual({ subscriptions: 1, told: true });
    expect(await other.presence.subscribed(APP, 'a', 1, '2.1')).toEqual({ subscriptions: 2, told: true });
    await hub.settled();
    expect(events(one)).toEqual(['subscription_count {"subscription_count":2}']);
    expect(hub.reported.events.filter(({ name }) => name === 'channel_occupied')).toHaveLength(1);
  });
});

describe('a publication', () => {
  it('is done when the hub has passed it on, asked once for all of a turn', async () => {
    const hub = startHub();
    const [one, other] = [await startWorker(hub, ['a']), await startWorker(hub, ['a'])];
    const [first, second] = ['first', 'second'].map((frame) =>
      one.broker.publish(new FramePublication(APP, 'a', frame)),
    );
    expect(second).toBe(first);
    await first;
    expect(one.heard).toEqual(['first', 'second']);
    const later = one.broker.publish(new FramePublication(APP, 'a', 'later'));
    expect(later).not.toBe(first);
    await later;
    expect(one.heard).toEqual(['first', 'second', 'later']);
    await eventually(() => expect(other.heard).toEqual(['first', 'second', 'later']));
  });

  it('fails when the hub is gone before it has said so', async () => {
    const hub = startHub();
    const one = await startWorker(hub, ['a']);
    const published = one.broker.publish(new FramePublication(APP, 'a', 'frame'));
    one.link.close();
    await expect(published).rejects.toBeInstanceOf(Unavailable);
    await expect(one.broker.publish(new FramePublication(APP, 'a', 'frame'))).rejects.toBeInstanceOf(
      Unavailable,
    );
  });

  it('goes to no worker that does not follow its topic', async () => {
    const hub = startHub();
    const [one, other] = [await startWorker(hub, ['a']), await startWorker(hub, ['b'])];
    await one.broker.publish(new FramePublication(APP, 'a', 'for a'));
    await one.broker.publish(new FramePublication(APP, 'b', 'for b'));
    other.broker.unfollow(APP, 'b');
    await hub.settled();
    await one.broker.publish(new FramePublication(APP, 'b', 'for nobody'));
    await hub.settled();
    expect([one.heard, other.heard]).toEqual([['for a'], ['for b']]);
  });
});

describe('a termination', () => {
  it('is done when every worker has closed what it was about', async () => {
    const hub = startHub();
    const workers = [await startWorker(hub), await startWorker(hub), await startWorker(hub)] as const;
    await workers[0].broker.terminate(APP, '7');
    expect(workers.map(({ terminated }) => terminated)).toEqual([['7'], ['7'], ['7']]);
  });

  it('waits for no worker that is gone', async () => {
    const hub = startHub();
    const [one, gone] = [await startWorker(hub), await startWorker(hub)];
    gone.link.pause();
    const done = one.broker.terminate(APP, '7');
    gone.link.close();
    await done;
    expect(one.terminated).toEqual(['7']);
  });

  it('waits two seconds for one that does not answer, which closes them when it is back', async () => {
    const clock = new FakeClock();
    const hub = startHub(clock);
    const [one, stuck] = [await startWorker(hub), await startWorker(hub)];
    stuck.link.pause();
    let isDone = false;
    const done = one.broker.terminate(APP, '7').then(() => {
      isDone = true;
    });
    await eventually(() => expect(one.terminated).toEqual(['7']));
    clock.advance(1999);
    await one.link.call('settled', undefined);
    expect(isDone).toBe(false);
    clock.advance(1);
    await done;
    stuck.link.resume();
    await eventually(() => expect(stuck.terminated).toEqual(['7']));
  });
});

describe('a revocation', () => {
  it('does no harm to a worker that has yet to begin, and is done when all others have heard', async () => {
    const hub = startHub();
    const one = await startWorker(hub);
    const heard: string[] = [];
    one.link.serve({ revoked: ({ userId }: { userId: string }) => heard.push(userId) });
    const starting = await hub.connect();
    await one.link.call('revoke', { appId: APP, userId: '7', now: 1, forMs: 1 });
    expect(heard).toEqual(['7']);
    expect(await starting.call('members', { appId: APP, channel: ROOM })).toEqual([]);
  });
});

describe('a worker that does not read', () => {
  it('makes publishers wait, is given up after a while, and then they go on', async () => {
    const clock = new FakeClock();
    const hub = startHub(clock);
    const [one, stuck] = [await startWorker(hub), await startWorker(hub)];
    const ended = new Promise<void>((resolve) => stuck.link.onEnd(resolve));
    stuck.link.pause();
    const frame = 'x'.repeat(1_000_000);
    let published = 0;
    const publishing = (async () => {
      for (; published < 60; published += 1) {
        await one.broker.publish(new FramePublication(APP, ROOM, frame));
      }
    })();
    // What the sockets' buffers hold is taken; then nothing moves.
    let last = -1;
    await eventually(async () => {
      const before = last;
      last = published;
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect([before, published]).toEqual([last, last]);
    });
    expect(published).toBeLessThan(60);
    clock.advance(10_000);
    stuck.link.resume();
    await ended;
    await publishing;
    await eventually(() => expect(one.heard).toHaveLength(60));
  });
});

describe('a workplace', () => {
  it('is ready when the parent has said that all workers listen', async () => {
    const [worker, parent] = await linkPair<ParentService, WorkerService>();
    parent.serve({ seat: () => undefined });
    const workplace = workplaceOf(worker, { worker: 1, nodeNumber: 7, port: 6001 });
    expect(workplace.ready()).toBe(false);
    parent.note('complete', undefined);
    await worker.call('seat', undefined);
    await eventually(() => expect(workplace.ready()).toBe(true));
    worker.close();
    parent.close();
  });
});
