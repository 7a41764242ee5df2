/**
 * How the tests run: in processes, because a thread that ends with an open uWebSockets.js app aborts them all.
 *
 * What clients and backends see is the same, however many processes a server is made of. So the projects beside the
 * first run tests of it once more, with servers that are made otherwise (test/support/server.ts): some with every run,
 * all with `npm run test:everywhere`.
 */
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

const everywhere = process.env['CARILLON_TEST_EVERYWHERE'] !== undefined;

const WIRE = ['wire', 'http', 'compat', 'auth', 'webhooks'].map((folder) => `test/${folder}/*.test.ts`);

/** About processes of their own, or about one that is alone. */
const OF_THEIR_OWN = [
  'test/wire/churn.test.ts',
  'test/webhooks/process.test.ts',
  // Comes and goes faster than a store that answers late tells apart: test/redis/webhooks.test.ts does it there.
  'test/webhooks/proof.test.ts',
];

/** Those that say most about many processes, and don't take long. */
const CHOSEN = [
  'test/wire/{cache,presence,users}.test.ts',
  'test/http/{channel-users,channels,events,terminate-connections}.test.ts',
];

const MOST = everywhere ? WIRE : CHOSEN;

const withRedis = { globalSetup: 'test/support/project-redis.ts' };

function again(name: string, include: readonly string[], more: object = {}): TestProjectInlineConfiguration {
  const env = { CARILLON_TEST_OVER: name };
  return { extends: true, test: { name, include: [...include], exclude: OF_THEIR_OWN, env, ...more } };
}

export default defineConfig({
  test: {
    // As bin/carillon.js has it.
    env: { UWS_HTTP_MAX_HEADERS_SIZE: '32768' },
    pool: 'forks',
    // Much of the time tests wait: for leases to lapse, retries, a browser. So twice the two cores of a small machine.
    maxWorkers: 4,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    projects: [
      { extends: true, test: { name: 'memory', include: ['test/**/*.test.ts'] } },
      again('two-nodes', MOST, withRedis),
      again('workers', MOST),
      again('redis', everywhere ? WIRE : [], withRedis),
      again('workers-redis', everywhere ? WIRE : [], withRedis),
    ],
  },
});
