/** A real node on a free port, in this process, built the way the command line builds one. */
import { readFileSync } from 'node:fs';
import { startServer as startNode } from '../../server/compose.ts';
import { configFrom } from '../../server/config/parse.ts';
import type { Logger } from '../../server/lib/logger.ts';
import { addressed, DEFAULT_APP, type ErrorLine, firstApp, type TestServer } from './test-server.ts';

/** Starts a node. `settings` has the shape of the configuration file and replaces defaults key by key. */
export async function startLocalNode(settings: object = {}): Promise<TestServer> {
  const merged = {
    port: 0,
    host: '127.0.0.1',
    logLevel: 'silent',
    drainSeconds: 0,
    apps: [DEFAULT_APP],
    ...settings,
  };
  const errors: ErrorLine[] = [];
  const node = await startNode(configFrom(merged, readText), recordingLogger(errors));
  return { ...addressed(node.host, node.port, firstApp(merged)), errors, stop: () => node.stop() };
}

const readText = (path: string, encoding: 'utf8' | 'latin1' = 'utf8'): string => readFileSync(path, encoding);

function recordingLogger(errors: ErrorLine[]): Logger {
  const ignore = (): undefined => undefined;
  return {
    debug: ignore,
    info: ignore,
    warn: ignore,
    error: (fields, message) => errors.push({ fields, message }),
  };
}
