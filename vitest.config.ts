/**
 * How the tests run: in processes, because a thread that ends with an open uWebSockets.js app aborts them all. Every
 * project but the first runs tests of the first once more, with servers that are made otherwise (test/support/server.ts).
 */
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

/** What clients and backends see: the same, however many processes a server is made of. */
const WIRE = ['wire', 'http', 'compat', 'auth', 'webhooks'].map((folder) => `test/${folder}/*.test.ts`);

function over(name: string, include: readonly string[], more: object = {}): TestProjectInlineConfiguration {
  return {
    extends: true,
    test: { name, include: [...include], env: { CARILLON_TEST_OVER: name }, ...more },
  };
}

const withRedis = { globalSetup: 'test/support/project-redis.ts' };

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
      over('memory', ['test/**/*.test.ts']),
      over('redis', WIRE, withRedis),
      over('two-nodes', WIRE, withRedis),
      over('workers', WIRE),
      over('workers-redis', WIRE, withRedis),
    ],
  },
});
