/**
 * The server of a test, made as the project that the test runs in says (vitest.config.ts): one node that is alone, one
 * over Redis, two over one Redis behind a front that deals connections out in turn, or one of two workers.
 */
import { randomUUID } from 'node:crypto';
import { inject } from 'vitest';
import { startLocalNode } from './local-node.ts';
import { RoundRobin } from './round-robin.ts';
import { addressed, type TestServer } from './test-server.ts';
import { WorkersNode } from './workers-node.ts';

export {
  DEFAULT_APP,
  OTHER_APP,
  type TestApp,
  type TestServer,
  type WsUrlOptions,
  wsTarget,
} from './test-server.ts';

type Settings = Record<string, unknown>;

const STARTERS: Readonly<Record<string, (settings: Settings) => Promise<TestServer>>> = {
  memory: startLocalNode,
  redis: (settings) => startLocalNode(overRedis(settings)),
  'two-nodes': (settings) => startTwoNodes(overRedis(settings)),
  workers: (settings) => WorkersNode.start(settings),
  'workers-redis': (settings) => WorkersNode.start(overRedis(settings)),
};

const over = process.env['CARILLON_TEST_OVER'] ?? 'memory';

/** Starts a server. `settings` has the shape of the configuration file and replaces defaults key by key. */
export async function startServer(settings: object = {}): Promise<TestServer> {
  const start = STARTERS[over];
  if (start === undefined) throw new Error(`CARILLON_TEST_OVER: there is no ${over}`);
  return start({ ...settings });
}

/**
 * Starts one process, for what each of several nodes or workers does by itself (a bound, a page of its own): over Redis
 * if that is where the test runs.
 */
export function startOneNode(settings: object = {}): Promise<TestServer> {
  const isOverRedis = over !== 'memory' && over !== 'workers';
  return startLocalNode(isOverRedis ? overRedis({ ...settings }) : settings);
}

/** A prefix of its own is as good as a Redis of its own. */
function overRedis(settings: Settings): Settings {
  return { redis: { url: inject('redisUrl'), keyPrefix: `${randomUUID()}:` }, ...settings };
}

/** Connections and requests go to the two in turn. */
async function startTwoNodes(settings: Settings): Promise<TestServer> {
  const { port = 0, ...rest } = settings;
  const nodes = [await startLocalNode(rest), await startLocalNode(rest)] as const;
  const [{ host, app }] = nodes;
  const front = await RoundRobin.start(nodes, host, Number(port));
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.stop()));
    await front.stop();
  };
  let stopped: Promise<void> | undefined;
  return {
    ...addressed(host, front.port, app),
    get errors() {
      return nodes.flatMap(({ errors }) => errors);
    },
    stop() {
      stopped ??= stop();
      return stopped;
    },
  };
}
