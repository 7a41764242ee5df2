/** Several sources of settings laid over each other, the strongest first. */
import type { Problem } from './config-error.ts';
import { problemsOf } from './issues.ts';
import type { Layer } from './layer.ts';
import { settingAt, settings } from './settings.ts';

/** The strongest value of each setting. Wrong ones are reported and left out, so that the rest can be checked. */
export function choose(layers: readonly Layer[], problems: Problem[]): Map<string, unknown> {
  const chosen = new Map<string, unknown>();
  for (const setting of settings) {
    // Apps add up over the layers instead of replacing each other.
    if (setting.path === 'apps') continue;
    const layer = layers.find(({ values }) => values.has(setting.path));
    if (layer === undefined) continue;
    const value = layer.values.get(setting.path);
    const wrong = problemsOf(value, setting.schema, layer.spell(setting));
    if (wrong.length === 0) chosen.set(setting.path, value);
    else problems.push(...wrong);
  }
  return chosen;
}

/** `{ 'limits.frameBytes': 1 }` → `{ limits: { frameBytes: 1 } }`; the paths are the schema's own. */
export function nested(values: ReadonlyMap<string, unknown>): object {
  const root: Record<string, unknown> = {};
  for (const [path, value] of values) {
    const names = path.split('.');
    const last = names.pop() ?? path;
    let group = root;
    for (const name of names) {
      const inner = isGroup(group[name]) ? group[name] : {};
      group[name] = inner;
      group = inner;
    }
    group[last] = value;
  }
  return root;
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** As the user spelled it; a setting nobody gave is named the way its neighbours in the group were given. */
export function spelling(path: string, layers: readonly Layer[]): string {
  const setting = settingAt(path);
  const group = path.slice(0, path.lastIndexOf('.') + 1);
  const layer =
    layers.find(({ values }) => values.has(path)) ??
    layers.find(({ values }) => group !== '' && [...values.keys()].some((other) => other.startsWith(group)));
  return layer?.spell(setting) ?? setting.path;
}
