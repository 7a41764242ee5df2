/** Gathers the apps that the sources list; over sources they add up instead of replacing each other. */
import type { AppEntry } from './apps.ts';
import { besideKey, type Problem } from './config-error.ts';
import { problemsOf } from './issues.ts';
import type { Layer } from './layer.ts';
import type { Spell } from './rules.ts';
import type { NodeSettings } from './schema.ts';
import { settingAt } from './settings.ts';

export interface AppEntries {
  readonly entries: readonly AppEntry[];
  /** True when nobody tried to configure an app, rightly or wrongly. */
  readonly none: boolean;
  readonly problems: readonly Problem[];
}

/** The app of three settings first, then the lists, the weakest source's first. */
export function appEntries(app: NodeSettings['app'], layers: readonly Layer[], spell: Spell): AppEntries {
  const one = oneApp(app, layers, spell);
  const lists = [...layers].reverse().map(listedApps);
  return {
    entries: [...one.entries, ...lists.flatMap((list) => list.entries)],
    none: one.none && lists.every((list) => list.none),
    problems: [...one.problems, ...lists.flatMap((list) => list.problems)],
  };
}

const PARTS = ['app.id', 'app.key', 'app.secret'];

function oneApp(app: NodeSettings['app'], layers: readonly Layer[], spell: Spell): AppEntries {
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
  const entries = complete ? [{ key: `the app of ${spell('app.id')}`, value: app }] : [];
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
