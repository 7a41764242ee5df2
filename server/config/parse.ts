/** Flags, environment and file → a checked, frozen `Config`, or every problem at once. */
import type { App } from '../apps/app.ts';
import type { AuthSettings } from '../apps/auth-settings.ts';
import type { PushSettings } from '../apps/push-settings.ts';
import { appEntries, webhooksOf } from './app-entries.ts';
import { completeApp, readApps } from './apps.ts';
import { authProblems, authWarnings } from './auth-problems.ts';
import type { Config, Mode, RedisSettings } from './config.ts';
import { ConfigError, type Problem } from './config-error.ts';
import { databaseFrom, databaseProblems } from './database-rules.ts';
import { DEVELOPMENT_APP_ID, DEVELOPMENT_CREDENTIAL } from './development-app.ts';
import { type Environment, readEnvironment } from './env.ts';
import { layerFrom, type ReadFile, readConfigFile } from './file.ts';
import { readFlags } from './flags.ts';
import { frozen } from './frozen.ts';
import type { Layer } from './layer.ts';
import { choose, nested, spelling } from './layers.ts';
import { readOnePush } from './push-reader.ts';
import { redisSettings } from './redis-settings.ts';
import {
  bodyProblems,
  developmentWarnings,
  productionProblems,
  productionWarnings,
  type Spell,
  tlsFrom,
  tlsProblems,
  webhookUrlProblems,
  workerProblems,
} from './rules.ts';
import { type NodeSettings, nodeSchema, webhookSchema } from './schema.ts';
import { CONFIG_FILE } from './settings.ts';

export interface ConfigSources {
  /** Command line arguments that carry settings; see `readFlags`. */
  readonly flags: readonly string[];
  readonly env: Environment;
  readonly readFile: ReadFile;
}

export interface ParsedConfig {
  readonly config: Config;
  /** Sentences for the operator about what is allowed but probably not meant. */
  readonly warnings: readonly string[];
  /** The config file, if all apps are listed there; undefined if other sources list some or nobody does. */
  readonly appsFile: string | undefined;
}

/** Flags win over the environment, the environment over the file. Throws `ConfigError`. */
export function parseConfig({ flags, env, readFile }: ConfigSources): ParsedConfig {
  const flagLayer = readFlags(flags);
  const envLayer = readEnvironment(env);
  const layers: Layer[] = [flagLayer, envLayer];
  const file = flagLayer.configFile ?? envLayer.configFile;
  if (file !== undefined) {
    const namedBy = flagLayer.configFile === undefined ? CONFIG_FILE.env : CONFIG_FILE.flag;
    layers.push(readConfigFile(file, namedBy, readFile));
  }
  const defaultMode = env['NODE_ENV'] === 'production' ? 'production' : 'development';
  const { config, warnings } = resolve(layers, defaultMode, readFile);
  const elsewhere = [flagLayer, envLayer].some(listsApps);
  return { config, warnings, appsFile: elsewhere || config.developmentApp !== undefined ? undefined : file };
}

function listsApps({ values }: Layer): boolean {
  // Push that is given by itself goes with an app of a list too.
  const names = [...values.keys()].filter((path) => !path.startsWith('app.push.'));
  return names.some((path) => path === 'apps' || path.startsWith('app.'));
}

/**
 * The same from settings in the form of a file and nothing else; development mode unless they say otherwise.
 * Throws `ConfigError`.
 */
export function configFrom(content: object, readFile: ReadFile = refuseToRead): Config {
  return resolve([layerFrom(content, '')], 'development', readFile).config;
}

function refuseToRead(path: string): never {
  throw new Error(`no file system was given to read ${path}`);
}

/** `layers` in order of precedence, the strongest first. */
function resolve(
  layers: readonly Layer[],
  defaultMode: Mode,
  readFile: ReadFile,
): Omit<ParsedConfig, 'appsFile'> {
  const problems: Problem[] = layers.flatMap((layer) => layer.problems);
  const chosen = choose(layers, problems);
  const node = nodeSchema.parse(nested(chosen));
  const spell: Spell = (path) => spelling(path, layers);

  const mode = node.mode ?? defaultMode;
  const entries = appEntries(node.app, layers, spell);
  const listed = readApps(entries.entries, node.appDefaults, readFile);
  problems.push(...entries.problems, ...listed.problems);
  const made = mode === 'development' && entries.none ? readOnePush(entries.push, readFile) : undefined;
  problems.push(...(made?.problems ?? []));
  const developmentApp = made && developmentAppOf(node, entries.auth, made.push);
  const stored = node.database.url !== undefined || node.dataDir !== undefined;
  if (mode === 'production' && entries.none && !stored) problems.push(NO_APP);
  const apps: readonly App[] = developmentApp === undefined ? listed.apps : [developmentApp];

  problems.push(...webhookUrlProblems(node.app, developmentApp, spell));
  problems.push(...tlsProblems(node.tls, spell, readFile));
  problems.push(...databaseProblems(node.database, spell, readFile));
  problems.push(...workerProblems(node, spell));
  problems.push(...authProblems(apps, readFile));
  problems.push(...bodyProblems(node.limits.bodyBytes, apps, spell));
  const redis = redisSettings(node.redis, spell, readFile);
  problems.push(...redis.problems);
  if (mode === 'production') problems.push(...productionProblems(apps));

  const warnings = layers.flatMap((layer) => layer.warnings);
  if (problems.length > 0) throw new ConfigError(problems, warnings);
  const config = frozen(build(node, mode, apps, developmentApp, redis.settings, readFile));
  warnings.push(
    ...(mode === 'production'
      ? [...productionWarnings(apps), ...authWarnings(apps)]
      : developmentWarnings(config)),
  );
  return { config, warnings };
}

function developmentAppOf(
  { app, appDefaults }: NodeSettings,
  auth: AuthSettings | undefined,
  push: PushSettings,
): App {
  const webhooks = webhooksOf(app).map((webhook) => webhookSchema.parse(webhook));
  return completeApp(DEVELOPMENT_APP_ID, [DEVELOPMENT_CREDENTIAL], { auth, webhooks }, push, appDefaults);
}

const NO_APP: Problem = {
  key: 'apps',
  message:
    'is empty, and production makes no app up; set CARILLON_APP_ID, CARILLON_APP_KEY and CARILLON_APP_SECRET, ' +
    'or list apps in a config file, or give a database (CARILLON_DATABASE_URL) that they are stored in',
};

function build(
  node: NodeSettings,
  mode: Mode,
  apps: readonly App[],
  developmentApp: App | undefined,
  redis: RedisSettings | undefined,
  readFile: ReadFile,
): Config {
  return {
    mode,
    // Credentials that everybody knows are for this machine only, unless somebody says otherwise.
    host: node.host ?? (developmentApp === undefined ? '0.0.0.0' : '127.0.0.1'),
    port: node.port,
    workers: node.workers,
    tls: tlsFrom(node.tls),
    trustProxy: node.trustProxy,
    logLevel: node.logLevel ?? (mode === 'development' ? 'debug' : 'info'),
    apps,
    appDefaults: node.appDefaults,
    limits: node.limits,
    cache: node.cache,
    webhooks: node.webhooks,
    redis,
    database: databaseFrom(node.database, node.dataDir, readFile),
    push: node.push,
    allowPrivateAddresses: node.allowPrivateAddresses,
    adminToken: node.admin.token,
    warmUp: node.warmUp,
    drainSeconds: node.drainSeconds,
    console: node.console ?? mode === 'development',
    developmentApp,
  };
}
