/**
 * Grants of a cluster: each is kept by the node that has its connection, and goes with it; revocations are kept in
 * Redis, for every node to ask, and told to all. See the port.
 */
import type { EndedGrant, Grant, GrantStore, Room, Standing } from '../auth/grant-store.ts';
import type { MemoryGrantStore } from '../auth/memory-grant-store.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { RedisConnections } from './redis-connections.ts';

/** How far the clocks of nodes may be apart, in milliseconds. */
const SKEW_MS = 5000;
/** Users asked about at a time. */
const CHUNK = 500;

export interface RedisGrantPorts {
  readonly clock: Clock;
  readonly logger: Logger;
}

export class RedisGrantStore implements GrantStore {
  readonly #connections: RedisConnections;
  readonly #local: MemoryGrantStore;
  readonly #number: number;
  readonly #ports: RedisGrantPorts;

  /**
   * @param local keeps the grants of this node's connections
   * @param number this node's
   */
  constructor(
    connections: RedisConnections,
    local: MemoryGrantStore,
    number: number,
    ports: RedisGrantPorts,
  ) {
    this.#connections = connections;
    this.#local = local;
    this.#number = number;
    this.#ports = ports;
  }

  /** Done when other nodes' revocations arrive. */
  start(): Promise<void> {
    const { keys, subscriptions } = this.#connections;
    subscriptions.onGap((channels, since) => {
      if (!channels.includes(keys.revocations())) return;
      this.#catchUp(since).catch((error: unknown) =>
        this.#ports.logger.error({ err: error }, 'revocations of a while ago not looked up'),
      );
    });
    return subscriptions.subscribe(keys.revocations(), (message) => {
      const [from, appId, ...rest] = message.toString('utf8').split('\n');
      // App ids have no line end; user ids may have. What this node revoked is done.
      if (from === String(this.#number) || appId === undefined || rest.length === 0) return;
      this.#revokeHere(appId, rest.join('\n'));
    });
  }

  record(appId: string, socketId: string, channel: string, grant: Grant, room: Room): boolean {
    return this.#local.record(appId, socketId, channel, grant, room);
  }

  standing(appId: string, socketId: string, channel: string, now: number): Standing | undefined {
    return this.#local.standing(appId, socketId, channel, now);
  }

  takeEnded(now: number): readonly EndedGrant[] {
    return this.#local.takeEnded(now);
  }

  async revoke(appId: string, userId: string, now: number, forMs: number): Promise<void> {
    const { keys } = this.#connections;
    const key = keys.revocation(appId, userId);
    // Kept before it is told: who asks after having heard of it finds it.
    if (forMs > 0) await this.#connections.command((client) => client.set(key, String(now), 'PX', forMs));
    await this.#connections.publish(keys.revocations(), `${this.#number}\n${appId}\n${userId}`);
    this.#local.revoke(appId, userId, now, 0);
  }

  async revokedAt(appId: string, userId: string): Promise<number | undefined> {
    const key = this.#connections.keys.revocation(appId, userId);
    const at = await this.#connections.command((client) => client.get(key));
    return at === null ? undefined : Number(at);
  }

  forget(appId: string, socketId: string): void {
    this.#local.forget(appId, socketId);
  }

  #revokeHere(appId: string, userId: string): void {
    this.#local.revoke(appId, userId, this.#ports.clock.now(), 0);
  }

  /** What was revoked while nothing was heard. */
  async #catchUp(since: number): Promise<void> {
    const users = [...this.#local.users()];
    for (let at = 0; at < users.length; at += CHUNK) {
      await Promise.all(
        users.slice(at, at + CHUNK).map(async ({ appId, userId }) => {
          const revoked = await this.revokedAt(appId, userId);
          if (revoked !== undefined && revoked >= since - SKEW_MS) this.#revokeHere(appId, userId);
        }),
      );
    }
  }
}
