/** One server for all tests of a file or group, and the rule that it must not have logged an error by the end. */
import { afterAll, beforeAll, expect } from 'vitest';
import { startLocalNode } from './local-node.ts';
import { startOneNode, startServer, type TestServer } from './server.ts';

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

type Test = (server: TestServer) => Promise<void>;

/** Runs one test on a server of its own. */
export async function withServer(settings: object, test: Test): Promise<void> {
  await run(await startServer(settings), test);
}

/** The same where the test is about what each node or worker does by itself. */
export async function withOneNode(settings: object, test: Test): Promise<void> {
  await run(await startOneNode(settings), test);
}

/** The same where the test is about a node without Redis or other workers. */
export async function withNodeAlone(settings: object, test: Test): Promise<void> {
  await run(await startLocalNode(settings), test);
}

async function run(server: TestServer, test: Test): Promise<void> {
  try {
    await test(server);
  } finally {
    await server.stop();
  }
  expect(server.errors).toEqual([]);
}
