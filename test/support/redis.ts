/** The kinds of Redis that Carillon runs on, real ones: a single server, a Cluster of three, a master with Sentinel. */

import { slotOf } from '../../server/redis/slots.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { RedisProcess } from './redis-process.ts';

const MASTERS = 3;
const SLOTS = 16_384;
const CLUSTER_CONFIG = [
  'cluster-enabled yes',
  'cluster-config-file nodes.conf',
  'cluster-node-timeout 2000',
  'repl-diskless-sync-delay 0',
];

/** What a node needs to know to use it. */
export interface RedisUnderTest {
  readonly url: string;
  /** Its servers; of a Cluster: the masters, in the order of their slots. */
  readonly servers: readonly RedisProcess[];
  /** Forgets all data. */
  flush(): Promise<void>;
  stop(): Promise<void>;
}

export async function startSingleRedis(): Promise<RedisUnderTest> {
  const server = await RedisProcess.start();
  return {
    url: server.url,
    servers: [server],
    flush: async () => {
      await server.client.flushall();
    },
    stop: () => server.stop(),
  };
}

export interface RedisClusterUnderTest extends RedisUnderTest {
  /** The master that has a key. */
  masterOf(key: string): RedisProcess;
}

/** Three masters without replicas. */
export async function startRedisCluster(more: readonly string[] = []): Promise<RedisClusterUnderTest> {
  const config = [...CLUSTER_CONFIG, ...more];
  const servers: RedisProcess[] = [];
  try {
    for (let n = 0; n < MASTERS; n += 1) servers.push(await RedisProcess.start({ config }));
    const [first] = servers;
    for (const [n, server] of servers.entries()) {
      const from = Math.floor((n * SLOTS) / MASTERS);
      const to = Math.floor(((n + 1) * SLOTS) / MASTERS) - 1;
      await server.client.call('CLUSTER', 'ADDSLOTSRANGE', from, to);
      // Different epochs, or the nodes sort that out among themselves first.
      await server.client.call('CLUSTER', 'SET-CONFIG-EPOCH', n + 1);
      if (first !== undefined && n > 0) await first.client.cluster('MEET', server.host, server.port);
    }
    await eventually(async () => {
      for (const { client } of servers) {
        const info = String(await client.cluster('INFO'));
        if (!info.includes('cluster_state:ok') || !info.includes(`cluster_known_nodes:${MASTERS}`))
          throw new Error(info);
      }
    });
  } catch (error) {
    await Promise.all(servers.map((server) => server.stop()));
    throw error;
  }
  return {
    url: `redis+cluster://${servers.map(({ host, port }) => `${host}:${port}`).join(',')}`,
    servers,
    masterOf: (key) => servers[Math.floor((slotOf(key) * MASTERS) / SLOTS)] as RedisProcess,
    flush: async () => {
      await Promise.all(servers.map(({ client }) => client.flushall()));
    },
    stop: async () => {
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}

/** Adds a replica of one master to a Cluster; done when it has what the master has, and all others know of it. */
export async function startReplica(
  { servers }: RedisClusterUnderTest,
  of: RedisProcess,
  more: readonly string[] = [],
): Promise<RedisProcess> {
  const replica = await RedisProcess.start({ config: [...CLUSTER_CONFIG, ...more] });
  try {
    const id = String(await of.client.cluster('MYID'));
    await replica.client.cluster('MEET', of.host, of.port);
    await eventually(() => replica.client.cluster('REPLICATE', id));
    await eventually(async () =>
      expectText(await replica.client.info('replication'), 'master_link_status:up'),
    );
    // Those who don't would not let it take over.
    await eventually(async () => {
      for (const { client } of servers) {
        const nodes = String(await client.cluster('NODES')).split('\n');
        expectText(nodes.find((node) => node.includes(`:${replica.port}@`)) ?? '', 'slave');
      }
    });
    return replica;
  } catch (error) {
    await replica.stop();
    throw error;
  }
}

/** A Redis of which a replica takes over. */
export interface FailingRedis {
  readonly url: string;
  /** Kills a master; done when its replica has been promoted. */
  failover(): Promise<void>;
  stop(): Promise<void>;
}

/** A Cluster; the master that fails is the one that knows the nodes. */
export async function startFailingCluster(): Promise<FailingRedis> {
  const cluster = await startRedisCluster();
  const master = cluster.masterOf('{nodes}');
  const replica = await startReplica(cluster, master).catch(async (error: unknown) => {
    await cluster.stop();
    throw error;
  });
  return {
    url: cluster.url,
    async failover() {
      await master.kill();
      await eventually(async () => expectText(await replica.client.info('replication'), 'role:master'));
    },
    async stop() {
      await Promise.all([replica.stop(), cluster.stop()]);
    },
  };
}

export interface SentinelUnderTest extends FailingRedis {
  readonly master: RedisProcess;
  readonly replica: RedisProcess;
}

/** One Sentinel over a master and a replica. */
export async function startSentinelRedis(): Promise<SentinelUnderTest> {
  const started: RedisProcess[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((server) => server.stop()));
  };
  try {
    const master = await RedisProcess.start({ config: ['repl-diskless-sync-delay 0'] });
    started.push(master);
    const replica = await RedisProcess.start({ config: [`replicaof ${master.host} ${master.port}`] });
    started.push(replica);
    await eventually(async () =>
      expectText(await replica.client.info('replication'), 'master_link_status:up'),
    );
    const port = await freePort();
    const sentinel = await RedisProcess.start({
      port,
      sentinel: true,
      config: [
        `sentinel monitor mymaster ${master.host} ${master.port} 1`,
        'sentinel down-after-milliseconds mymaster 500',
        'sentinel failover-timeout mymaster 3000',
      ],
    });
    started.push(sentinel);
    await eventually(async () => {
      expectText(
        String(await sentinel.client.call('SENTINEL', 'REPLICAS', 'mymaster')),
        String(replica.port),
      );
    });
    const failover = async (): Promise<void> => {
      await master.kill();
      await eventually(async () => expectText(await replica.client.info('replication'), 'role:master'));
    };
    return {
      url: `redis+sentinel://${sentinel.host}:${sentinel.port}/mymaster`,
      master,
      replica,
      failover,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function expectText(text: string, part: string): void {
  if (!text.includes(part)) throw new Error(`expected ${part} in: ${text}`);
}
