/** How the tests run: in processes, because a thread that ends with an open uWebSockets.js app aborts them all. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // As bin/carillon.js has it.
    env: { UWS_HTTP_MAX_HEADERS_SIZE: '32768' },
    pool: 'forks',
    // Much of the time tests wait: for leases to lapse, retries, a browser. So twice the two cores of a small machine.
    maxWorkers: 4,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
