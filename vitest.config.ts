/** How the tests run: in processes, because a thread that ends with an open uWebSockets.js app aborts them all. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // As bin/carillon.js has it.
    env: { UWS_HTTP_MAX_HEADERS_SIZE: '32768' },
    pool: 'forks',
    // Real servers and real clients wait for each other; more workers than cores make them wait for nothing.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
