/** What becomes of a node when a worker dies, its parent dies, or it is told to stop. */
import { afterEach, describe, expect, it } from 'vitest';
import { api, trigger } from '../support/api.ts';
import { eventually } from '../support/eventually.ts';
import { memberRemoved, opened } from '../support/frames.ts';
import { joinPresence, signIn } from '../support/joining.ts';
import { startLocalNode } from '../support/local-node.ts';
import { type Frame, RawClient } from '../support/raw-client.ts';
import { startSingleRedis } from '../support/redis.ts';
import { DEFAULT_APP } from '../support/server.ts';
import { WebhookReceiver } from '../support/webhook-receiver.ts';
import { WorkersNode, workerOf } from '../support/workers-node.ts';

const ROOM = 'presence-room';

const stops: Array<() => Promise<unknown>> = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

const metric = async (node: WorkersNode, name: string): Promise<string | undefined> => {
  const text = await (await fetch(node.httpUrl('/metrics'))).text();
  return new RegExp(`^${name} (.*)$`, 'm').exec(text)?.[1];
};

async function begin(settings: Record<string, unknown>): Promise<WorkersNode> {
  const node = await WorkersNode.start(settings);
  stops.push(async () => {
    node.signal('SIGTERM');
    await node.exited();
  });
  return node;
}

describe.each([
  ['without Redis', false],
  ['with Redis', true],
] as const)('a worker that is killed, %s', (_, usesRedis) => {
  it('is swept, told of once, and replaced, and the others go on', async () => {
    const receiver = await WebhookReceiver.start();
    stops.push(() => receiver.close());
    const redis = usesRedis ? await startSingleRedis() : undefined;
    stops.push(async () => redis?.stop());
    const node = await begin({
      ...(redis && { redis: { url: redis.url } }),
      webhooks: { graceMs: 0 },
      apps: [{ ...DEFAULT_APP, features: { watchlists: true }, webhooks: [{ url: receiver.url }] }],
    });
    const [staying, leaving] = await node.spread(2);
    const [survivor, sharing] = staying as [RawClient, RawClient];
    const [victim, twin] = leaving as [RawClient, RawClient];
    await joinPresence(survivor, DEFAULT_APP, ROOM, { user_id: 'survivor' });
    await joinPresence(sharing, DEFAULT_APP, ROOM, { user_id: 'both' });
    await joinPresence(victim, DEFAULT_APP, ROOM, { user_id: 'victim' });
    await joinPresence(twin, DEFAULT_APP, ROOM, { user_id: 'both' });
    await victim.subscribe('theirs');
    for (const client of [sharing, twin]) await signIn(client, DEFAULT_APP, { id: 'both' });
    await signIn(victim, DEFAULT_APP, { id: 'victim' });
    await signIn(survivor, DEFAULT_APP, { id: 'watcher', watchlist: ['victim', 'both'] });

    const before = node.workerPids();
    const gone = Promise.all([victim.closed, twin.closed]);
    // Which process is whose only shows when one is gone.
    const [first = 0, second = 0] = before;
    const killed = await killWorkerOf(victim, node, [first, second]);
    await gone;

    expect(opened(await survivor.next('pusher_internal:member_removed'))).toEqual(
      memberRemoved(ROOM, 'victim'),
    );
    const offline = (): Promise<Frame> => survivor.next(({ raw }) => raw.includes('"offline'));
    expect(opened(await offline())['data']).toEqual({ events: [{ name: 'offline', user_ids: ['victim'] }] });
    await eventually(async () => expect(await metric(node, 'carillon_workers')).toBe('2'));
    expect(await metric(node, 'carillon_worker_restarts_total')).toBe('1');
    expect(node.workerPids()).not.toContain(killed);

    // Clients of the new worker meet those of the old ones.
    const newcomers = (await node.spread()).flat();
    const newcomer = newcomers.find((client) => workerOf(client) !== workerOf(survivor));
    if (newcomer === undefined) throw new Error('there are two workers');
    expect(workerOf(newcomer)).not.toBe(workerOf(victim));
    await joinPresence(newcomer, DEFAULT_APP, ROOM, { user_id: 'newcomer' });
    await survivor.next('pusher_internal:member_added');
    const users = await api(node, 'GET', `/channels/${ROOM}/users`);
    expect(users.json()).toEqual({ users: [{ id: 'survivor' }, { id: 'both' }, { id: 'newcomer' }] });
    await trigger(node, ROOM, 'e', 'x');
    for (const client of [survivor, sharing, newcomer]) await client.next('e');
    expect(survivor.takeAll().filter(({ event }) => event.endsWith('member_removed'))).toEqual([]);

    const told = (name: string): unknown[] =>
      receiver.events
        .filter((event) => event.name === name)
        .map((event) => event['user_id'] ?? event.channel);
    await receiver.when(
      () => told('member_added').includes('newcomer') && told('channel_vacated').length > 0,
    );
    expect(told('member_removed')).toEqual(['victim']);
    expect(told('channel_vacated')).toEqual(['theirs']);
    for (const client of [...newcomers, survivor, sharing]) await client.close();
  });
});

/** Kills the process that has the client's connection, by stopping each in turn to see which one it is. */
async function killWorkerOf(client: RawClient, node: WorkersNode, pids: readonly number[]): Promise<number> {
  for (const pid of pids) {
    process.kill(pid, 'SIGSTOP');
    const answered = client.barrier().then(() => true);
    const isOurs = !(await Promise.race([answered, pause(300).then(() => false)]));
    if (isOurs) {
      answered.catch(() => undefined);
      process.kill(pid, 'SIGKILL');
      return pid;
    }
    process.kill(pid, 'SIGCONT');
  }
  throw new Error(`no worker of ${node.port} has the connection`);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('a node of several workers', () => {
  it('asks the clients of all to come back when it is told to stop, and leaves no process behind', async () => {
    const node = await begin({});
    const clients = (await node.spread(3)).flat();
    const pids = node.workerPids();
    expect(pids).toHaveLength(2);
    node.signal('SIGTERM');
    for (const client of clients) expect((await client.closed).code).toBe(4200);
    expect(await node.exited()).toBe(0);
    expect(pids.filter(isAlive)).toEqual([]);
    expect(node.errors).toEqual([]);
    const said = (line: string) => node.log.filter(({ msg }) => msg === line).map(({ worker }) => worker);
    for (const line of ['listening', 'stopped']) expect(said(line).sort()).toEqual([1, 2]);
  });

  it('delivers the webhooks of its last clients before it ends', async () => {
    const receiver = await WebhookReceiver.start();
    stops.push(() => receiver.close());
    const node = await begin({ apps: [{ ...DEFAULT_APP, webhooks: [{ url: receiver.url }] }] });
    const clients = (await node.spread(2)).flat();
    for (const [n, client] of clients.entries()) await client.subscribe(`last-${n}`);
    await node.stop();
    const vacated = receiver.events.filter(({ name }) => name === 'channel_vacated');
    expect(vacated.map(({ channel }) => channel).sort()).toEqual(['last-0', 'last-1', 'last-2', 'last-3']);
  });

  it('replaces a worker that somebody else told to stop, and its clients come back', async () => {
    const node = await begin({});
    const [staying, leaving] = await node.spread();
    const [kept, sent] = [staying?.[0], leaving?.[0]] as [RawClient, RawClient];
    const stopped = node.workerPids()[0] ?? 0;
    const closed = Promise.race([kept.closed, sent.closed]);
    process.kill(stopped, 'SIGTERM');
    expect((await closed).code).toBe(4200);
    await eventually(() => expect(isAlive(stopped)).toBe(false));
    await eventually(async () => expect(await metric(node, 'carillon_workers')).toBe('2'));
    expect(await metric(node, 'carillon_worker_restarts_total')).toBe('1');
    await node.spread();
  });

  it('over Redis is swept by other nodes when its parent dies and the workers with it', async () => {
    const redis = await startSingleRedis();
    stops.push(() => redis.stop());
    const receiver = await WebhookReceiver.start();
    stops.push(() => receiver.close());
    const settings = {
      redis: { url: redis.url },
      webhooks: { graceMs: 0 },
      apps: [{ ...DEFAULT_APP, webhooks: [{ url: receiver.url }] }],
    };
    const other = await startLocalNode(settings);
    stops.push(() => other.stop());
    const node = await begin(settings);
    const watcher = await RawClient.connect(other);
    await joinPresence(watcher, DEFAULT_APP, ROOM, { user_id: 'watcher' });
    const clients = (await node.spread()).flat();
    for (const [n, client] of clients.entries()) {
      await joinPresence(client, DEFAULT_APP, ROOM, { user_id: `u${n}` });
    }
    node.signal('SIGKILL');
    for (const client of clients) await client.closed;
    for (const _ of clients) await watcher.next('pusher_internal:member_removed');
    const removed = (): unknown[] =>
      receiver.events.filter(({ name }) => name === 'member_removed').map((event) => event['user_id']);
    await receiver.when(() => removed().length >= 2);
    await watcher.subscribe('later');
    await receiver.when(() => receiver.events.some(({ channel }) => channel === 'later'));
    expect(removed().sort()).toEqual(['u0', 'u1']);
  });

  it('ends with its parent, however that ends', async () => {
    const node = await begin({});
    const pids = node.workerPids();
    node.signal('SIGKILL');
    await node.exited();
    await eventually(() => expect(pids.filter(isAlive)).toEqual([]));
  });

  it('says in the words of a worker why it can not start', async () => {
    const { code, complaint } = await WorkersNode.fail({
      redis: { url: 'redis://127.0.0.1:1' },
    });
    expect(code).toBe(1);
    expect(complaint).toMatch(/Carillon didn't start: .*127\.0\.0\.1:1/);
  });

  it('does not share a port with a node that was there before', async () => {
    const node = await begin({});
    const { code, complaint } = await WorkersNode.fail({ port: node.port });
    expect(code).toBe(1);
    expect(complaint).toContain('the port is in use');
  });
});
