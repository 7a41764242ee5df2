/** What a node needs of Redis, for tests that put nodes together from their parts. */
import type { RedisSettings } from '../../server/config/config.ts';
import { configFrom } from '../../server/config/parse.ts';
import { OccasionalLog } from '../../server/lib/occasional-log.ts';
import { systemChance } from '../../server/lib/system-chance.ts';
import { systemClock } from '../../server/lib/system-clock.ts';
import type { TlsMaterial } from '../../server/redis/connection-options.ts';
import { NodeInbox } from '../../server/redis/node-inbox.ts';
import { RedisConnections } from '../../server/redis/redis-connections.ts';
import { silentLogger } from './silent-logger.ts';

/** The settings of a config file's `redis` group, checked and complete. */
function redisSettings(redis: object): RedisSettings {
  const { redis: settings } = configFrom({ redis }, () => '');
  if (settings === undefined) throw new Error('no Redis was configured');
  return settings;
}

/** Connections as a node has them. The caller closes them. */
export function connectRedis(
  redis: object,
  tls?: TlsMaterial,
  logger = silentLogger,
): Promise<RedisConnections> {
  const log = new OccasionalLog(systemClock, logger);
  return RedisConnections.open(redisSettings(redis), tls, {
    clock: systemClock,
    chance: systemChance,
    log,
    logger,
  });
}

let inboxes = 0;

/** An inbox of a number that no other in this process has. */
export function inboxOf(connections: RedisConnections): NodeInbox {
  inboxes += 1;
  const clock = systemClock;
  return new NodeInbox(connections, inboxes, { clock, log: new OccasionalLog(clock, silentLogger) });
}
