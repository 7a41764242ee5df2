/** Which node and which app `carillon trigger` speaks to. */
import type { App, Credential } from '../apps/app.ts';
import { parseConfig } from '../config/parse.ts';
import { DEFAULT_PORT } from '../config/schema.ts';
import { CONFIG_FILE } from '../config/settings.ts';
import { reachableHost } from './address.ts';
import { nodeAddress, type Options } from './node-address.ts';
import type { Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';

export interface Target {
  /** `http://127.0.0.1:6001`. */
  readonly base: string;
  readonly appId: string;
  readonly credential: Credential;
  /** Whether nobody named an app, so that this is the made-up one. */
  readonly isDevelopmentApp: boolean;
}

/**
 * With id, key and secret given, the configuration isn't asked: the node may be another machine's. Otherwise it
 * names app and address, as it does for a node started here. Throws `UsageError` and `ConfigError`.
 */
export function targetOf(options: Options, terminal: Pick<Terminal, 'env' | 'readFile'>): Target {
  const appId = options.get('--app-id');
  const key = options.get('--key');
  const secret = options.get('--secret');
  if (appId !== undefined && key !== undefined && secret !== undefined) {
    const base = nodeAddress(options, '127.0.0.1', DEFAULT_PORT, false);
    return { base, appId, credential: { key, secret }, isDevelopmentApp: false };
  }
  if (secret !== undefined) throw new UsageError('--secret goes with --app-id and --key');

  const { env, readFile } = terminal;
  const file = options.get(CONFIG_FILE.flag);
  const flags = file === undefined ? [] : [`${CONFIG_FILE.flag}=${file}`];
  const { config } = parseConfig({ flags, env, readFile });
  const { app, credential } = select(config.apps, appId, key);
  const base = nodeAddress(options, reachableHost(config.host), config.port, config.tls !== undefined);
  return { base, appId: app.id, credential, isDevelopmentApp: config.developmentApp !== undefined };
}

function select(
  apps: readonly App[],
  appId: string | undefined,
  key: string | undefined,
): { app: App; credential: Credential } {
  for (const app of apps) {
    if (appId !== undefined && app.id !== appId) continue;
    const credential = app.credentials.find((pair) => key === undefined || pair.key === key);
    if (credential !== undefined) return { app, credential };
  }
  const wanted = [appId && `the id ${appId}`, key && `the key ${key}`].filter(Boolean).join(' and ');
  throw new UsageError(`no configured app has ${wanted || 'a key'}; give --app-id, --key and --secret`);
}
