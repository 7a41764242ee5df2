/** One node for all tests of a file or group, and the rule that it must not have logged an error by the end. */
import { afterAll, beforeAll, expect } from 'vitest';
import { startServer, type TestServer } from './server.ts';

/** Starts before the first test of the surrounding group and stops after its last one. */
export function useServer(settings: object = {}): () => TestServer {
  let server: TestServer | undefined;
  beforeAll(async () => {
    server = await startServer(settings);
  });
  afterAll(async () => {
    await server?.stop();
    expect(server?.errors ?? []).toEqual([]);
  });
  return () => {
    if (server === undefined) throw new Error('the server is not started yet');
    return server;
  };
}

/** Runs one test on a node of its own. */
export async function withServer(
  settings: object,
  test: (server: TestServer) => Promise<void>,
): Promise<void> {
  const server = await startServer(settings);
  try {
    await test(server);
  } finally {
    await server.stop();
  }
  expect(server.errors).toEqual([]);
}
