/** A node's connections to Redis: one for commands, and those that receive. Lost, they come back by themselves. */
import { Cluster, Redis } from 'ioredis';
import type { RedisSettings } from '../config/config.ts';
import type { Chance } from '../lib/chance.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { OccasionalLog } from '../lib/occasional-log.ts';
import { Unavailable } from '../lib/unavailable.ts';
import { clusterOptions, nodeOptions, redisOptions, type TlsMaterial } from './connection-options.ts';
import { isTimeout, reasonOf, redisFailure } from './failures.ts';
import { JoinedWrites } from './joined-writes.ts';
import { RedisKeys } from './keys.ts';
import { ClusterLinks, SingleLink } from './links.ts';
import { runScript, type Script, type ScriptArgument } from './scripts.ts';
import { SlotWatch } from './slot-watch.ts';
import { startProblem } from './start-check.ts';
import { Subscriptions } from './subscriptions.ts';

export interface RedisPorts {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: OccasionalLog;
  readonly logger: Logger;
}

/** How often a silent command connection is asked whether it still is one. */
const PING_MS = 2000;

export class RedisConnections {
  readonly keys: RedisKeys;
  /** Whether pub/sub is sharded, as on a Cluster: publishing is `SPUBLISH` then, also in scripts. */
  readonly sharded: boolean;
  readonly subscriptions: Subscriptions;
  readonly #client: Redis | Cluster;
  /** Undefined for a Cluster, whose client has a connection for each master. */
  readonly #writes: JoinedWrites | undefined;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #log: OccasionalLog;
  readonly #readyListeners: Array<() => void> = [];
  readonly #lostListeners: Array<() => void> = [];
  readonly #waiting = new Set<() => void>();
  readonly #stopPinging: () => void;
  /** Digests of the scripts that this connection has sent as text. */
  readonly #scripts = new Set<string>();
  #ready = false;
  /** Whether anything was sent since the last look. */
  #spoke = false;
  #closed = false;
  #lastError: string | undefined;

  private constructor(settings: RedisSettings, tls: TlsMaterial | undefined, ports: RedisPorts) {
    const { clock, chance, log, logger } = ports;
    this.#clock = clock;
    this.#log = log;
    this.#logger = logger;
    this.keys = new RedisKeys(settings.keyPrefix);
    this.sharded = settings.mode === 'cluster';
    if (settings.mode === 'cluster') {
      const cluster = new Cluster([...settings.hosts], clusterOptions(settings, tls, chance));
      const connect = (host: string, port: number): Redis =>
        new Redis(nodeOptions(settings, tls, chance, { host, port }));
      this.#client = cluster;
      this.subscriptions = subscriptions(settings, new ClusterLinks(cluster, connect, clock), ports);
    } else {
      const options = redisOptions(settings, tls, chance);
      const client = new Redis(options);
      this.#client = client;
      this.#writes = new JoinedWrites(client);
      this.subscriptions = subscriptions(settings, new SingleLink(new Redis(options), clock), ports);
    }
    this.#listen(this.#client);
    this.#stopPinging = clock.every(PING_MS, () => this.#pingIfSilent());
  }

  /**
   * Connects and looks whether this Redis will do. Rejects with a sentence for the operator when it can't be reached
   * in time, or won't do.
   */
  static async open(
    settings: RedisSettings,
    tls: TlsMaterial | undefined,
    ports: RedisPorts,
  ): Promise<RedisConnections> {
    const connections = new RedisConnections(settings, tls, ports);
    const where = settings.hosts.map(
      ({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`,
    );
    const refuse = (reason: string): Error => {
      connections.close();
      return new Error(`Redis at ${where.join(', ')} ${reason}`);
    };
    if (!(await connections.#firstReady(settings.connectTimeoutMs))) {
      const reason = connections.#lastError ?? 'no answer';
      throw refuse(
        `can't be used: ${reason}. Check CARILLON_REDIS_URL (redis.url): address, user, password, redis:// or rediss://`,
      );
    }
    await connections.#warm();
    const problem = await startProblem(connections);
    if (problem !== undefined) throw refuse(problem);
    connections.subscriptions.start();
    return connections;
  }

  /** How scripts publish. */
  get publishCommand(): 'PUBLISH' | 'SPUBLISH' {
    return this.sharded ? 'SPUBLISH' : 'PUBLISH';
  }

  /** Whether commands can be sent. */
  get ready(): boolean {
    return this.#ready;
  }

  /** Done when commands can be sent; undefined if they can now. Rejects with `Unavailable` after `ms`. */
  whenReady(ms: number): Promise<void> | undefined {
    if (this.#ready) return undefined;
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(ms, () => {
        this.#waiting.delete(ready);
        reject(new Unavailable(`Redis didn't come back within ${ms} ms`, 'no'));
      });
      const ready = (): void => {
        cancel();
        resolve();
      };
      this.#waiting.add(ready);
    });
  }

  /**
   * Called whenever commands can be sent again after a loss, and when a node of a Cluster joins, or takes over keys of
   * ours: what another had not handed on to it is lost.
   */
  onReady(listener: () => void): void {
    this.#readyListeners.push(listener);
  }

  /** Called whenever the connection for commands is lost. */
  onLost(listener: () => void): void {
    this.#lostListeners.push(listener);
  }

  /**
   * Sends one command, or several about keys of one shard. Rejects with `Unavailable` when Redis can't be reached or
   * doesn't answer in time.
   */
  async command<T>(send: (client: Redis | Cluster) => Promise<T>): Promise<T> {
    this.#sends();
    try {
      return await send(this.#client);
    } catch (error) {
      throw this.failure(error);
    }
  }

  /** Hands a message to whoever receives the pub/sub channel, on any node. Rejects like `command`. */
  publish(channel: string, message: string | Buffer): Promise<number> {
    this.#sends();
    const sent = this.sharded
      ? this.#client.spublish(channel, message)
      : this.#client.publish(channel, message);
    return sent.catch((error: unknown) => {
      throw this.failure(error);
    }) as Promise<number>;
  }

  /** Runs a script on keys of one shard. Rejects like `command`. */
  run(script: Script, keys: readonly string[], args: readonly ScriptArgument[] = []): Promise<unknown> {
    this.#sends();
    return runScript(this.#client, script, keys, args, this.#scripts).catch((error: unknown) => {
      throw this.failure(error);
    });
  }

  /** An error of ioredis in our terms. A connection that doesn't answer is given up for a new one. */
  failure(error: unknown): Error {
    if (isTimeout(error)) this.#reconnect();
    else if (this.#client instanceof Cluster && redisFailure(error) instanceof Unavailable) {
      this.#client.refreshSlotsCache();
    }
    return redisFailure(error);
  }

  /** Ends all connections. What is under way is rejected. */
  close(): void {
    this.#closed = true;
    this.#ready = false;
    this.#stopPinging();
    this.subscriptions.close();
    this.#client.disconnect();
  }

  #listen(client: Redis | Cluster): void {
    client.on('ready', () => {
      const back = this.#lastError !== undefined;
      this.#scripts.clear();
      this.#ready = true;
      if (back) this.#logger.info({}, 'Redis connection is up');
      for (const listener of this.#readyListeners) listener();
      for (const ready of this.#waiting) ready();
      this.#waiting.clear();
    });
    const lost = (): void => {
      if (!this.#ready) return;
      this.#ready = false;
      this.#lastError ??= 'the connection was closed';
      if (!this.#closed) this.#log.warn('lost', {}, 'Redis connection lost');
      for (const listener of this.#lostListeners) listener();
    };
    client.on('close', lost);
    client.on('end', lost);
    client.on('error', (error: unknown) => this.#noted(error));
    if (client instanceof Cluster) {
      client.on('node error', (error: unknown) => this.#noted(error));
      client.on('+node', (node: Redis) => {
        node.once('ready', () => {
          if (this.#ready) for (const listener of this.#readyListeners) listener();
        });
        // Not at its first command: everything sent before it is connected would fail.
        if (this.#ready) warm(node);
      });
      const watch = new SlotWatch(this.keys);
      client.on('refresh', () => {
        if (!watch.hasMoved(client.slots) || !this.#ready) return;
        for (const listener of this.#readyListeners) listener();
      });
    }
  }

  #noted(error: unknown): void {
    this.#lastError = reasonOf(error);
    if (!this.#closed) this.#log.warn('commands', { reason: this.#lastError }, 'Redis connection failed');
  }

  #firstReady(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(ms, () => resolve(false));
      this.#client.once('ready', () => {
        cancel();
        resolve(true);
      });
      // The outcome comes as an event; tried again until then.
      this.#client.connect().catch((error: unknown) => this.#noted(error));
    });
  }

  /** Connects to every node of a Cluster. */
  async #warm(): Promise<void> {
    if (this.#client instanceof Cluster) await Promise.all(this.#client.nodes('all').map(warm));
  }

  #nodes(): readonly Redis[] {
    return this.#client instanceof Cluster ? this.#client.nodes('all') : [this.#client];
  }

  #sends(): void {
    this.#spoke = true;
    this.#writes?.hold();
  }

  /** What was sent otherwise says as much; on a Cluster of one master only. */
  #pingIfSilent(): void {
    if (!this.#spoke || this.#client instanceof Cluster) this.#ping();
    this.#spoke = false;
  }

  #ping(): void {
    for (const node of this.#nodes()) {
      if (node.status !== 'ready') continue;
      node.ping().catch((error: unknown) => {
        if (isTimeout(error)) node.disconnect(!(this.#client instanceof Cluster));
      });
    }
  }

  /** Some command wasn't answered in time. On a Cluster the ping finds out which node it was. */
  #reconnect(): void {
    if (this.#client instanceof Cluster) this.#ping();
    else if (this.#client.status === 'ready') this.#client.disconnect(true);
  }
}

function subscriptions(
  { followTimeoutMs }: RedisSettings,
  links: SingleLink | ClusterLinks,
  { clock, log }: RedisPorts,
): Subscriptions {
  return new Subscriptions(followTimeoutMs, { links, clock, log });
}

async function warm(node: Redis): Promise<void> {
  // A failure is reported as an event of the node.
  if (node.status === 'wait') await node.connect().catch(() => undefined);
}
