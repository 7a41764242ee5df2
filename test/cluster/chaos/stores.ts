/** The Redis of a run, single or a Cluster, and what befalls it. It keeps what it has: losing that has its own tests. */
import { Cluster, type Redis } from 'ioredis';
import type { RedisAddress } from '../../support/cluster.ts';
import { type RedisClusterUnderTest, startRedisCluster, startReplica } from '../../support/redis.ts';
import { RedisProcess } from '../../support/redis-process.ts';
import type { SeededChance } from './chance.ts';

const KEEPING = ['appendonly yes', 'appendfsync always'];
/** Replicas take over when they are told to, because only then nothing is lost. */
const OBEDIENT = ['cluster-replica-no-failover yes'];

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export interface ChaosStore {
  readonly address: RedisAddress;
  /** The test's own connection, for looking. */
  readonly client: Redis | Cluster;
  /** All keys there are. */
  keys(pattern: string): Promise<string[]>;
  /** Something happens to it; done when it is over. */
  trouble(chance: SeededChance, ms: number): Promise<void>;
  stop(): Promise<void>;
}

export async function startChaosStore(kind: string): Promise<ChaosStore> {
  if (kind === 'cluster') return clusterStore();
  if (kind !== 'single') throw new Error(`--redis is single or cluster, not ${kind}`);
  return singleStore();
}

async function singleStore(): Promise<ChaosStore> {
  const redis = await RedisProcess.start({ config: KEEPING });
  return {
    address: { port: redis.port },
    client: redis.client,
    keys: (pattern) => redis.client.keys(pattern),
    async trouble(_, ms) {
      await redis.kill();
      await pause(ms / 4);
      await redis.restart();
    },
    stop: () => redis.stop(),
  };
}

/** Three masters, and a replica of the first. */
async function clusterStore(): Promise<ChaosStore> {
  const config = [...KEEPING, ...OBEDIENT];
  const redis = await startRedisCluster(config);
  const [first] = redis.servers as [RedisProcess];
  const replica = await startReplica(redis, first, config).catch(async (error: unknown) => {
    await redis.stop();
    throw error;
  });
  const pair: [RedisProcess, RedisProcess] = [first, replica];
  const nodes = redis.servers.map(({ host, port }) => ({ host, port }));
  const client = new Cluster(nodes, { slotsRefreshInterval: 1000 }).on('error', () => undefined);
  return {
    address: { url: redis.url },
    client,
    async keys(pattern) {
      const found = await Promise.all(client.nodes('master').map((node) => node.keys(pattern)));
      return found.flat();
    },
    trouble: (chance, ms) => clusterTrouble(redis, pair, chance, ms),
    async stop() {
      client.disconnect();
      await Promise.all([replica.stop(), redis.stop()]);
    },
  };
}

async function clusterTrouble(
  { servers }: RedisClusterUnderTest,
  pair: [RedisProcess, RedisProcess],
  chance: SeededChance,
  ms: number,
): Promise<void> {
  const server = chance.pick(servers) as RedisProcess;
  switch (chance.weighted({ kill: 1, freeze: 1, drop: 2, failover: 3 })) {
    case 'kill':
      await server.kill();
      await pause(ms / 4);
      await server.restart();
      break;
    case 'freeze':
      server.freeze();
      await pause(ms / 4);
      server.thaw();
      break;
    case 'drop':
      for (const type of ['normal', 'pubsub']) await server.client.call('CLIENT', 'KILL', 'TYPE', type);
      break;
    case 'failover':
      await handOver(pair);
      break;
  }
  await settled(servers);
}

/** The replica of the two becomes the master, with all that the other has. */
async function handOver(pair: [RedisProcess, RedisProcess]): Promise<void> {
  const isMaster = async ({ client }: RedisProcess): Promise<boolean> =>
    (await client.info('replication')).includes('role:master');
  const replica = (await isMaster(pair[0])) ? pair[1] : pair[0];
  for (let attempt = 0; attempt < 100 && !(await isMaster(replica)); attempt += 1) {
    // Refused while the two are not in touch.
    if (attempt % 20 === 0) await replica.client.cluster('FAILOVER').catch(() => undefined);
    await pause(100);
  }
}

/** The servers agree about who has what. */
async function settled(servers: readonly RedisProcess[]): Promise<void> {
  for (const { client } of servers) {
    for (let attempt = 0; attempt < 100; attempt += 1) {
      const info = String(await client.cluster('INFO').catch(() => ''));
      if (info.includes('cluster_state:ok')) break;
      await pause(100);
    }
  }
}
