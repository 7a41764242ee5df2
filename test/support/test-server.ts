/** What tests know of a server, however it is made; the apps that it has unless they say otherwise. */

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

/** A server's addresses. */
export function addressed(
  host: string,
  port: number,
  app: TestApp,
): Pick<TestServer, 'host' | 'port' | 'app' | 'httpUrl' | 'wsUrl'> {
  return {
    host,
    port,
    app,
    httpUrl: (path) => `http://${host}:${port}${path}`,
    wsUrl: (options) => `ws://${host}:${port}${wsTarget(app.key, options)}`,
  };
}

/** Path and query of a socket URL. */
export function wsTarget(key: string, options: WsUrlOptions = {}): string {
  const path = options.path ?? `/app/${options.key ?? key}`;
  const query = queryText(options.query);
  return query === '' ? path : `${path}?${query}`;
}

/** Identity of the first app of settings, given with one pair or as a list of pairs. */
export function firstApp(settings: { readonly apps?: readonly ListedApp[] }): TestApp {
  const app: ListedApp = settings.apps?.[0] ?? DEFAULT_APP;
  const pair = app.credentials?.[0] ?? app;
  return { id: app.id, key: pair.key ?? '', secret: pair.secret ?? '' };
}

function queryText(query: WsUrlOptions['query']): string {
  if (query === undefined) return DEFAULT_QUERY;
  return typeof query === 'string' ? query : new URLSearchParams(query).toString();
}
