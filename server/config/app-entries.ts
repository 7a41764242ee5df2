/** Gathers the apps that the sources list; over sources they add up instead of replacing each other. */

import type { AuthSettings } from '../apps/auth-settings.ts';
import type { AppEntry } from './apps.ts';
import { authSchema } from './auth-schema.ts';
import { besideKey, type Problem } from './config-error.ts';
import { problemsOf } from './issues.ts';
import type { Layer } from './layer.ts';
import { isPlainObject } from './plain-object.ts';
import { type OnePush, onePush, spellOver, withPush } from './push-entry.ts';
import type { Spell } from './rules.ts';
import type { NodeSettings } from './schema.ts';
import { settingAt } from './settings.ts';

export interface AppEntries {
  readonly entries: readonly AppEntry[];
  /** True when nobody tried to configure an app, rightly or wrongly. */
  readonly none: boolean;
  readonly problems: readonly Problem[];
}

export interface AppEntriesAndMore extends AppEntries {
  /** Of the app of three settings; for the made-up app when nobody configured one. */
  readonly auth: AuthSettings | undefined;
  /** Likewise; where one app is listed and nothing else, for that one. */
  readonly push: OnePush;
}

/** The app of three settings first, then the lists, the weakest source's first. */
export function appEntries(
  app: NodeSettings['app'],
  layers: readonly Layer[],
  spell: Spell,
): AppEntriesAndMore {
  const push = onePush(app.push, layers, spell);
  const one = oneApp(app, push, layers, spell);
  const lists = [...layers].reverse().map(listedApps);
  const none = one.none && lists.every((list) => list.none);
  const auth = authOf(app, spell);
  const listed = lists.flatMap((list) => list.entries);
  const owner = one.none && listed.length === 1 ? listed.map((entry) => withPushOf(entry, push)) : listed;
  return {
    entries: [...one.entries, ...owner],
    none,
    push,
    problems: [
      ...one.problems,
      ...push.problems,
      ...(one.none && listed.length > 1 ? pushWithoutApp(push, spell) : []),
      ...auth.problems,
      ...(app.auth !== undefined && one.none && !none ? [homeless(spell)] : []),
      ...lists.flatMap((list) => list.problems),
    ],
    auth: auth.value,
  };
}

/** Checked here, because it is one setting to the environment and a whole group to the app. */
function authOf(
  app: NodeSettings['app'],
  spell: Spell,
): { value: AuthSettings | undefined; problems: Problem[] } {
  if (app.auth === undefined) return { value: undefined, problems: [] };
  const parsed = authSchema.safeParse(app.auth);
  if (parsed.success) return { value: parsed.data, problems: [] };
  return { value: undefined, problems: problemsOf(app.auth, authSchema, spell('app.auth')) };
}

const homeless = (spell: Spell): Problem => ({
  key: spell('app.auth'),
  message: `is for the app of ${spell('app.id')}, which is not set; give auth to an app of the list instead`,
});

function withPushOf({ key, value }: AppEntry, push: OnePush): AppEntry {
  if (!isPlainObject(value)) return { key, value };
  const block = withPush(value['push'], push);
  return { key, value: { ...value, push: block }, spellPush: spellOver(push, key) };
}

function pushWithoutApp({ firstName }: OnePush, spell: Spell): Problem[] {
  if (firstName === undefined) return [];
  const message =
    `is for one app, and the list has several; give push to an app of the list instead, ` +
    `or name its app by ${spell('app.id')}, key and secret`;
  return [{ key: firstName, message }];
}

/** All kinds of an app's webhooks, to the one address that can be given without a list. */
export function webhooksOf({ webhookUrl }: NodeSettings['app']): Array<{ readonly url: string }> {
  return webhookUrl === undefined ? [] : [{ url: webhookUrl }];
}

const PARTS = ['app.id', 'app.key', 'app.secret'];

function oneApp(app: NodeSettings['app'], push: OnePush, layers: readonly Layer[], spell: Spell): AppEntries {
  const given = PARTS.filter((path) => layers.some(({ values }) => values.has(path)));
  const missing = PARTS.filter((path) => !given.includes(path));
  const problems =
    given.length === 0
      ? []
      : missing.map((path) => ({
          key: spell(path),
          message: `is missing; an app needs it beside ${namesBeside(spell(path), given.map(spell))}`,
        }));
  // A part that was given but is wrong has been reported already.
  const complete = app.id !== undefined && app.key !== undefined && app.secret !== undefined;
  const { id, key, secret } = app;
  const value = {
    id,
    key,
    secret,
    webhooks: webhooksOf(app),
    auth: authOf(app, spell).value,
    push: withPush(undefined, push),
  };
  const entries = complete ? [{ key: `the app of ${spell('app.id')}`, value, spellPush: push.spell }] : [];
  return { entries, none: given.length === 0, problems };
}

function namesBeside(key: string, others: readonly string[]): string {
  return others.map((other) => besideKey(key, other)).join(' and ');
}

function listedApps(layer: Layer): AppEntries {
  const { path, schema } = settingAt('apps');
  const key = layer.spell(settingAt('apps'));
  const value = layer.values.get(path);
  if (value === undefined) return { entries: [], none: !layer.appsUnread, problems: [] };
  if (!Array.isArray(value)) return { entries: [], none: false, problems: problemsOf(value, schema, key) };
  const entries = value.map((item: unknown, index) => ({ key: `${key}[${index}]`, value: item }));
  return { entries, none: entries.length === 0, problems: [] };
}
