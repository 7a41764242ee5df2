/** A config file as a layer of settings. */
import { z } from 'zod';
import type { Problem } from './config-error.ts';
import { parseFile } from './file-format.ts';
import type { Layer } from './layer.ts';
import { suggestion } from './nearest-name.ts';
import { isPlainObject } from './plain-object.ts';
import { nodeSchema } from './schema.ts';
import { settings } from './settings.ts';
import { shownValue, unwrapped } from './value-kind.ts';

/**
 * Returns a file's text, or throws an error with a `code`, as `fs.readFileSync` does. In `latin1` each byte is a
 * character, whatever the bytes mean.
 */
export type ReadFile = (path: string, encoding?: 'utf8' | 'latin1') => string;

/**
 * Reads the file at `path`. `namedBy` is the flag or variable that names it, for when it can't be read.
 */
export function readConfigFile(path: string, namedBy: string, readFile: ReadFile): Layer {
  const content = readText(path, readFile);
  if (!content.ok) return unreadLayer([{ key: namedBy, message: `names ${path}, which ${content.message}` }]);
  const parsed = parseFile(path, content.text);
  if (!parsed.ok) return unreadLayer([{ key: namedBy, message: `names ${path}, which ${parsed.message}` }]);
  return layerFrom(parsed.value, `${path}: `);
}

/** Settings in the form of a file, however they came about. `label` is put before each path in problems. */
export function layerFrom(content: unknown, label: string): Layer {
  const values = new Map<string, unknown>();
  const problems: Problem[] = [];
  collect(content, nodeSchema, '', { label, values, problems });
  return {
    values,
    spell: (setting) => `${label}${setting.path}`,
    appsUnread: false,
    problems,
    warnings: [],
  };
}

/** Why a file can't be read, to follow its name. */
export function unreadable(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return "doesn't exist";
  if (code === 'EACCES' || code === 'EPERM') return "this user isn't allowed to read";
  if (code === 'EISDIR') return 'is a directory';
  return `can't be read (${typeof code === 'string' ? code : String(error)})`;
}

interface Collected {
  readonly label: string;
  readonly values: Map<string, unknown>;
  readonly problems: Problem[];
}

function collect(content: unknown, schema: z.ZodObject, path: string, into: Collected): void {
  // In YAML a heading with nothing beneath it is null.
  if (content === null) return;
  if (!isPlainObject(content)) {
    const key = `${into.label}${path}`.replace(/[.:] ?$/, '');
    into.problems.push({
      key,
      message: `must be a group of settings, but is ${shownValue(content, schema)}`,
    });
    return;
  }
  for (const [name, value] of Object.entries(content)) {
    if (value === undefined) continue;
    const member = Object.hasOwn(schema.shape, name) ? schema.shape[name] : undefined;
    if (!(member instanceof z.ZodType)) {
      const message = `is not a setting${hint(schema, name)}`;
      into.problems.push({ key: `${into.label}${path}${name}`, message });
      continue;
    }
    const inner = unwrapped(member);
    if (inner instanceof z.ZodObject) collect(value, inner, `${path}${name}.`, into);
    else into.values.set(`${path}${name}`, value);
  }
}

/** The same name in another group is likelier meant than a similar one here. */
function hint(schema: z.ZodObject, name: string): string {
  const elsewhere = settings.filter(({ path }) => path.endsWith(`.${name}`)).map(({ path }) => path);
  if (elsewhere.length > 0) return `; did you mean ${elsewhere.join(' or ')}?`;
  return suggestion(name, Object.keys(schema.shape));
}

type FileText =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly message: string };

function readText(path: string, readFile: ReadFile): FileText {
  try {
    return { ok: true, text: readFile(path) };
  } catch (error) {
    return { ok: false, message: unreadable(error) };
  }
}

function unreadLayer(problems: readonly Problem[]): Layer {
  return { values: new Map(), spell: (setting) => setting.path, appsUnread: true, problems, warnings: [] };
}
