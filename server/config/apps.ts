/** Listed apps → complete apps: defaults merged beneath, identities checked against each other. */
import type { App, Credential } from '../apps/app.ts';
import { NO_PUSH } from '../apps/push-settings.ts';
import { besideKey, type Problem } from './config-error.ts';
import { problemsOf } from './issues.ts';
import { type AppSettings, appSchema, type ListedApp } from './schema.ts';

/** An app somebody listed, and what to call it in a problem. */
export interface AppEntry {
  readonly key: string;
  readonly value: unknown;
}

export interface AppList {
  /** The apps that are right; incomplete when there are problems. */
  readonly apps: readonly App[];
  readonly problems: readonly Problem[];
}

export function readApps(entries: readonly AppEntry[], defaults: AppSettings): AppList {
  const apps: App[] = [];
  const problems: Problem[] = [];
  const ids = new Map<string, string>();
  const keys = new Map<string, string>();
  for (const entry of entries) {
    const read = readApp(entry, defaults);
    problems.push(...read.problems);
    if (read.app === undefined) continue;
    problems.push(...taken(ids, entry.key, 'id', [read.app.id]));
    problems.push(
      ...taken(
        keys,
        entry.key,
        'key',
        read.app.credentials.map(({ key }) => key),
      ),
    );
    apps.push(read.app);
  }
  return { apps, problems };
}

/** `listed` over `defaults`. */
export function completeApp(
  id: string,
  credentials: readonly Credential[],
  listed: Partial<Omit<ListedApp, 'auth'>> & { readonly auth?: App['auth'] },
  defaults: AppSettings,
): App {
  return {
    id,
    credentials,
    enabled: listed.enabled ?? defaults.enabled,
    forceTls: listed.forceTls ?? defaults.forceTls,
    allowedOrigins: listed.allowedOrigins ?? defaults.allowedOrigins,
    activityTimeoutSeconds: listed.activityTimeoutSeconds ?? defaults.activityTimeoutSeconds,
    authorizationTimeoutSeconds: listed.authorizationTimeoutSeconds ?? defaults.authorizationTimeoutSeconds,
    auth: listed.auth,
    features: { ...defaults.features, ...definedOf(listed.features) },
    limits: { ...defaults.limits, ...definedOf(listed.limits) },
    webhooks: listed.webhooks ?? [],
    push: NO_PUSH,
  };
}

/** Spreading would let an explicit undefined, which only code can give, hide a default. */
function definedOf<T extends object>(group: T | undefined): T | undefined {
  if (group === undefined) return undefined;
  return Object.fromEntries(Object.entries(group).filter(([, value]) => value !== undefined)) as T;
}

function readApp(entry: AppEntry, defaults: AppSettings): { app?: App; problems: Problem[] } {
  const parsed = appSchema.safeParse(entry.value);
  const problems = parsed.success ? [] : problemsOf(entry.value, appSchema, entry.key);
  const incomplete = typeof entry.value === 'object' && pairProblem(entry.value);
  if (typeof incomplete === 'string') problems.push({ key: entry.key, message: incomplete });
  if (!parsed.success || problems.length > 0) return { problems };
  const credentials = credentialsOf(parsed.data);
  return { app: completeApp(parsed.data.id, credentials, parsed.data, defaults), problems: [] };
}

function credentialsOf({ key, secret, credentials }: ListedApp): readonly Credential[] {
  if (credentials !== undefined) return credentials;
  return key === undefined || secret === undefined ? [] : [{ key, secret }];
}

/** What is wrong with the way key pairs are given, whether or not they are right by themselves. */
function pairProblem(listed: object | null): string | undefined {
  // An array has been refused already.
  if (listed === null || Array.isArray(listed)) return undefined;
  const has = (name: string) => Reflect.get(listed, name) !== undefined;
  if (has('credentials')) {
    if (!has('key') && !has('secret')) return undefined;
    return 'has key or secret beside credentials; move the pair into credentials';
  }
  if (has('key') && has('secret')) return undefined;
  if (!has('key') && !has('secret')) return 'has no key and secret; give both, or credentials';
  return `has no ${has('key') ? 'secret' : 'key'}; key and secret go together`;
}

/** Records `names` as taken by `entry` and tells which were taken before. */
function taken(
  owners: Map<string, string>,
  entry: string,
  what: string,
  names: readonly string[],
): Problem[] {
  const problems: Problem[] = [];
  for (const name of names) {
    const owner = owners.get(name);
    if (owner === undefined) owners.set(name, entry);
    else {
      const where = owner === entry ? 'twice' : `and so does ${besideKey(entry, owner)}`;
      problems.push({
        key: entry,
        message: `has the ${what} ${name} ${where}; each ${what} may be used once`,
      });
    }
  }
  return problems;
}
