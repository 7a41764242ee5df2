/** Listed apps → complete apps: defaults merged beneath, identities checked against each other. */
import type { App, Credential } from '../apps/app.ts';
import { type DoorName, doorNamesIn } from '../apps/door-names.ts';
import type { PushSettings } from '../apps/push-settings.ts';
import { besideKey, type Problem } from './config-error.ts';
import type { ReadFile } from './file.ts';
import { problemsOf } from './issues.ts';
import type { SpellPart } from './push-entry.ts';
import { readPush } from './push-reader.ts';
import { type AppSettings, appSchema, type ListedApp } from './schema.ts';

/** An app somebody listed, and what to call it in a problem. */
export interface AppEntry {
  readonly key: string;
  readonly value: unknown;
  /** What parts of its `push` are called in a problem, where that isn't their path under the key. */
  readonly spellPush?: SpellPart;
}

export interface AppList {
  /** The apps that are right; incomplete when there are problems. */
  readonly apps: readonly App[];
  readonly problems: readonly Problem[];
}

/** `readFile` gives the credentials that apps name by file. */
export function readApps(entries: readonly AppEntry[], defaults: AppSettings, readFile: ReadFile): AppList {
  const apps: App[] = [];
  const problems: Problem[] = [];
  const owners = new Map<string, string>();
  for (const entry of entries) {
    const read = readApp(entry, defaults, readFile);
    problems.push(...read.problems);
    if (read.app === undefined) continue;
    problems.push(...identitiesOf(read.app).flatMap((identity) => taken(owners, entry.key, identity)));
    apps.push(read.app);
  }
  return { apps, problems };
}

/** What finds an app. */
function identitiesOf({ id, credentials, push }: App): DoorName[] {
  return [
    { what: 'id', name: id },
    ...credentials.map(({ key }) => ({ what: 'key', name: key })),
    ...doorNamesIn(push),
  ];
}

/** `listed` over `defaults`. */
export function completeApp(
  id: string,
  credentials: readonly Credential[],
  listed: Partial<Omit<ListedApp, 'auth' | 'push'>> & { readonly auth?: App['auth'] },
  push: PushSettings,
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
    push,
  };
}

/** Spreading would let an explicit undefined, which only code can give, hide a default. */
function definedOf<T extends object>(group: T | undefined): T | undefined {
  if (group === undefined) return undefined;
  return Object.fromEntries(Object.entries(group).filter(([, value]) => value !== undefined)) as T;
}

function readApp(
  entry: AppEntry,
  defaults: AppSettings,
  readFile: ReadFile,
): { readonly app?: App; readonly problems: readonly Problem[] } {
  const parsed = appSchema.safeParse(entry.value);
  const problems = parsed.success ? [] : problemsOf(entry.value, appSchema, entry.key);
  const incomplete = typeof entry.value === 'object' && pairProblem(entry.value);
  if (typeof incomplete === 'string') problems.push({ key: entry.key, message: incomplete });
  if (!parsed.success || problems.length > 0) return { problems };
  const listed = parsed.data;
  const spellPush = entry.spellPush ?? ((path) => `${entry.key}.push.${path}`);
  const push = readPush(listed.push, spellPush, readFile);
  if (push.problems.length > 0) return push;
  return { app: completeApp(listed.id, credentialsOf(listed), listed, push.push, defaults), problems: [] };
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

/** Records an identity as taken by `entry`, and tells if it was taken before. */
function taken(owners: Map<string, string>, entry: string, { what, name, secret }: DoorName): Problem[] {
  const identity = `${what} ${name}`;
  const owner = owners.get(identity);
  if (owner === undefined) {
    owners.set(identity, entry);
    return [];
  }
  const other = besideKey(entry, owner);
  const has =
    secret === true ? `has the ${what} of ${other}` : `has the ${what} ${name} and so does ${other}`;
  const message = owner === entry ? `has the ${what} ${name} twice` : has;
  return [{ key: entry, message: `${message}; each ${what} may be used once` }];
}
