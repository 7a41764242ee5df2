/** The parts of an app as somebody gives it: who it is, and its settings. */
import { isDeepStrictEqual } from 'node:util';
import { MASK } from '../lib/mask.ts';
import { AppRefusal } from './app-refusal.ts';
import type { AppDraft } from './stored-app.ts';

/** Settings in the form of the configuration file, of any type until they are read. */
export type Settings = Readonly<Record<string, unknown>>;

/** Everything but id, key pairs and `enabled`. */
export function settingsOf(entry: Settings): Settings {
  const { id: _, enabled: __, key: ___, secret: ____, credentials: _____, ...settings } = entry;
  return settings;
}

export function namesPair({ key, secret, credentials }: Settings): boolean {
  return (key ?? secret ?? credentials) !== undefined;
}

/** Whether the app is to be enabled; `fallback` where the entry doesn't say. Throws an `AppRefusal`. */
export function enabledOf({ enabled }: Settings, fallback: boolean): boolean {
  if (enabled === undefined) return fallback;
  if (typeof enabled === 'boolean') return enabled;
  throw new AppRefusal('invalid', 'enabled must be true or false');
}

/** Whoever changes settings may give back what was shown of id and key pairs, and nothing else. Throws an `AppRefusal`. */
export function refuseOtherIdentity(entry: Settings, { id, credentials }: AppDraft): void {
  if (entry['id'] !== undefined && entry['id'] !== id) {
    throw new AppRefusal('invalid', `id must stay ${id}; an app with another id is another app`);
  }
  if (!namesPair(entry)) return;
  const shown = credentials.map(({ key }) => ({ key, secret: MASK }));
  const given = entry['credentials'];
  const pairs = Array.isArray(given) ? given.map(withoutEnd) : given;
  if (entry['key'] === undefined && entry['secret'] === undefined && isDeepStrictEqual(pairs, shown)) return;
  throw new AppRefusal(
    'invalid',
    'credentials are not changed with the settings: leave them out, and use /rotate for a new pair',
  );
}

function withoutEnd(pair: unknown): unknown {
  if (typeof pair !== 'object' || pair === null) return pair;
  const { retires_at: _, ...rest } = pair as Record<string, unknown>;
  return rest;
}

/** A masked secret that comes back would be stored as the secret. Throws an `AppRefusal`. */
export function refuseMasks(settings: Settings): void {
  const at = maskIn(settings, []);
  if (at === undefined) return;
  throw new AppRefusal('invalid', `${at} holds ${MASK}, as secrets are shown; give the secret itself`);
}

function maskIn(value: unknown, path: readonly string[]): string | undefined {
  if (typeof value === 'string') return value.includes(MASK) ? path.join('.') : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [name, inner] of Object.entries(value)) {
    const found = maskIn(inner, [...path, name]);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** JSON Merge Patch (RFC 7396): groups are merged, lists replaced, null takes a setting away. */
export function mergePatch(target: unknown, patch: Settings): Settings {
  const merged = new Map(Object.entries(isGroup(target) ? target : {}));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, isGroup(value) ? mergePatch(merged.get(name), value) : value);
  }
  return Object.fromEntries(merged);
}

function isGroup(value: unknown): value is Settings {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
