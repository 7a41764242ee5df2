/** The push settings of one app that are given by themselves: read into the form of an app's block. */
import type { Problem } from './config-error.ts';
import type { Layer } from './layer.ts';
import { isPlainObject } from './plain-object.ts';
import type { OneAppPush } from './push-schema.ts';
import type { Spell } from './rules.ts';
import { settings } from './settings.ts';

const PREFIX = 'app.push.';
const paths: readonly string[] = settings
  .map(({ path }) => path)
  .filter((path) => path.startsWith(PREFIX))
  .map((path) => path.slice(PREFIX.length));

/** Names a part of a block as the user spelled it: `fcm.endpoint` → `CARILLON_FCM_ENDPOINT`. */
export type SpellPart = (path: string) => string;

/** What was given of one app's push. */
export interface OnePush {
  /** By path within the block. Groups with a value that is wrong, which has been reported, are left out. */
  readonly values: ReadonlyMap<string, unknown>;
  /** The first name that was given; undefined when none was. */
  readonly firstName: string | undefined;
  readonly spell: SpellPart;
  readonly problems: readonly Problem[];
}

export function onePush(push: OneAppPush, layers: readonly Layer[], spell: Spell): OnePush {
  const given = paths.filter((path) => layers.some(({ values }) => values.has(PREFIX + path)));
  const wrong = new Set(given.filter((path) => valueAt(push, path) === undefined).map(groupOf));
  const values = new Map(
    given.filter((path) => !wrong.has(groupOf(path))).map((path) => [path, valueAt(push, path)]),
  );
  const spellPart: SpellPart = (path) => spell(PREFIX + settingFor(path));
  const problems = webhookOf(values, spellPart);
  const [first] = given;
  return { values, firstName: first && spellPart(first), spell: spellPart, problems };
}

/** An app's block with what was given by itself over it. */
export function withPush(block: unknown, { values }: OnePush): unknown {
  if (values.size === 0) return block;
  // The schema will say what is wrong with it.
  if (block !== undefined && !isPlainObject(block)) return block;
  const result: Record<string, unknown> = { ...block };
  for (const [path, value] of values) {
    const [group = '', name] = path.split('.');
    const before = result[group] ?? {};
    if (name === undefined) result[group] = value;
    else if (isPlainObject(before)) result[group] = { ...before, [name]: value };
  }
  return result;
}

/** Names parts of a block over which something was given: by itself where its group was, else as in the list. */
export function spellOver({ values, spell }: OnePush, key: string): SpellPart {
  const groups = new Set([...values.keys()].map(groupOf));
  return (path) => (groups.has(groupOf(path)) ? spell(path) : `${key}.push.${path}`);
}

function groupOf(path: string): string {
  return path.split('.', 1)[0] ?? path;
}

/** A block can say more than the settings do. */
function settingFor(path: string): string {
  if (path === 'fcm.credentials') return 'fcm.credentialsFile';
  if (path === 'apns.key') return 'apns.keyFile';
  return paths.includes(path) ? path : 'beams.webhookUrl';
}

/** The one webhook takes its place in a list. */
function webhookOf(values: Map<string, unknown>, spell: SpellPart): Problem[] {
  const url = values.get('beams.webhookUrl');
  const secret = values.get('beams.webhookSecret');
  values.delete('beams.webhookUrl');
  values.delete('beams.webhookSecret');
  if (url === undefined && secret === undefined) return [];
  const missing = url === undefined ? 'beams.webhookUrl' : 'beams.webhookSecret';
  if (url === undefined || secret === undefined)
    return [
      { key: spell(missing), message: 'is missing; a webhook of Beams needs its address and its secret' },
    ];
  values.set('beams.webhooks', [{ url, secret }]);
  return [];
}

function valueAt(push: OneAppPush, path: string): unknown {
  const [group = '', name] = path.split('.');
  const inner: unknown = Reflect.get(push, group);
  if (name === undefined) return inner;
  return isPlainObject(inner) ? inner[name] : undefined;
}
