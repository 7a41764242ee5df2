/** A real node on a free port, in this process, built the way the command line builds one. */
import { readFileSync } from 'node:fs';
import { startServer as startNode } from '../../server/compose.ts';
import { configFrom } from '../../server/config/parse.ts';
import type { Logger } from '../../server/lib/logger.ts';

export interface TestApp {
  readonly id: string;
  readonly key: string;
  readonly secret: string;
}

export const DEFAULT_APP: TestApp = { id: '1001', key: 'test-key', secret: 'test-secret-0123456789' };
export const OTHER_APP: TestApp = { id: '1002', key: 'other-key', secret: 'other-secret-0123456789' };

interface ListedApp extends Partial<TestApp> {
  readonly id: string;
  readonly credentials?: readonly { readonly key: string; readonly secret: string }[];
}

/** One line of the log at level error. */
export interface ErrorLine {
  readonly fields: object;
  readonly message: string;
}

export interface WsUrlOptions {
  readonly key?: string;
  /** Replaces the whole default query. */
  readonly query?: Record<string, string> | string;
  /** Replaces `/app/{key}`. */
  readonly path?: string;
}

export interface TestServer {
  readonly host: string;
  readonly port: number;
  /** The first configured app. */
  readonly app: TestApp;
  /** Everything logged at level error so far; a healthy test ends with none. */
  readonly errors: readonly ErrorLine[];
  httpUrl(path: string): string;
  wsUrl(options?: WsUrlOptions): string;
  stop(): Promise<void>;
}

const DEFAULT_QUERY = 'protocol=7&client=js&version=8.6.0&flash=false';

/** Starts a node. `settings` has the shape of the configuration file and replaces defaults key by key. */
export async function startServer(settings: object = {}): Promise<TestServer> {
  const merged: { apps: readonly ListedApp[] } & Record<string, unknown> = {
    port: 0,
    host: '127.0.0.1',
    logLevel: 'silent',
    drainSeconds: 0,
    apps: [DEFAULT_APP],
    ...settings,
  };
  const errors: ErrorLine[] = [];
  const node = await startNode(configFrom(merged, readText), recordingLogger(errors));
  const app = firstApp(merged.apps);
  return {
    host: node.host,
    port: node.port,
    app,
    errors,
    httpUrl: (path) => `http://${node.host}:${node.port}${path}`,
    wsUrl: (options) => `ws://${node.host}:${node.port}${wsTarget(app.key, options)}`,
    stop: () => node.stop(),
  };
}

/** Path and query of a socket URL. */
export function wsTarget(key: string, options: WsUrlOptions = {}): string {
  const path = options.path ?? `/app/${options.key ?? key}`;
  const query = queryText(options.query);
  return query === '' ? path : `${path}?${query}`;
}

/** Identity of the first listed app, given with one pair or as a list of pairs. */
function firstApp(apps: readonly ListedApp[]): TestApp {
  const app: ListedApp = apps[0] ?? DEFAULT_APP;
  const pair = app.credentials?.[0] ?? app;
  return { id: app.id, key: pair.key ?? '', secret: pair.secret ?? '' };
}

function queryText(query: WsUrlOptions['query']): string {
  if (query === undefined) return DEFAULT_QUERY;
  return typeof query === 'string' ? query : new URLSearchParams(query).toString();
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
