/** Departures from the nodes of a cluster, over Redis: a key per user that expires. See the port. */
import type { Clock } from '../lib/clock.ts';
import type { OccasionalLog } from '../lib/occasional-log.ts';
import type { RedisConnections } from '../redis/redis-connections.ts';
import { type Departures, REMEMBERED_MS } from './departures.ts';

export interface RedisDeparturesPorts {
  readonly redis: Pick<RedisConnections, 'command' | 'keys'>;
  readonly clock: Clock;
  readonly log: OccasionalLog;
}

export class RedisDepartures implements Departures {
  readonly #ports: RedisDeparturesPorts;

  constructor(ports: RedisDeparturesPorts) {
    this.#ports = ports;
  }

  left(appId: string, userId: string): void {
    const { redis, clock, log } = this.#ports;
    const key = redis.keys.departure(appId, userId);
    redis
      .command((client) => client.set(key, String(clock.now()), 'PX', REMEMBERED_MS))
      .catch((err: unknown) => log.warn('departures', { err }, 'departures of users not noted'));
  }

  async leftSince(appId: string, userIds: readonly string[], since: number): Promise<string[]> {
    const { redis } = this.#ports;
    const times = await Promise.all(
      userIds.map((userId) => redis.command((client) => client.get(redis.keys.departure(appId, userId)))),
    );
    return userIds.filter((_, at) => Number(times[at]) > since);
  }
}
