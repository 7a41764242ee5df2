/** The text of a config file → a plain value, by the file's extension. */
import { createRequire } from 'node:module';
import { jsonProblem } from './json-problem.ts';
import { tomlReason, yamlReason } from './syntax-reasons.ts';

/** Parsers are loaded by the file that needs one: most nodes have none, and would keep a megabyte for it. */
const load = createRequire(import.meta.url);

export type FileContent =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly message: string };

/**
 * Parsers' own messages quote the file, and with it secrets: only positions and reasons of ours are passed on.
 * An empty file has no settings.
 */
export function parseFile(name: string, text: string): FileContent {
  const extension = /\.([a-z]+)$/i.exec(name)?.[1]?.toLowerCase();
  switch (extension) {
    case 'json':
      return parseJson(text);
    case 'yaml':
    case 'yml':
      return parseYaml(text);
    case 'toml':
      return parseTomlText(text);
    default:
      return { ok: false, message: 'has an unknown format; name it .json, .yaml, .yml or .toml' };
  }
}

function parseJson(text: string): FileContent {
  if (text.trim() === '') return { ok: true, value: {} };
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch (error) {
    return { ok: false, message: `is not valid JSON (${jsonProblem(text, error)})` };
  }
}

function parseYaml(text: string): FileContent {
  const { LineCounter, parseDocument } = load('yaml') as typeof import('yaml');
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    return {
      ok: false,
      message: `is not valid YAML (line ${line}, column ${col}: ${yamlReason(error.code)})`,
    };
  }
  try {
    return { ok: true, value: document.toJS() ?? {} };
  } catch {
    // Only aliases fail here: unresolved, or expanding past the library's limit. The message may quote them.
    return { ok: false, message: 'is not valid YAML (an alias is unresolved or expands to too much)' };
  }
}

function parseTomlText(text: string): FileContent {
  const { parse, TomlError } = load('smol-toml') as typeof import('smol-toml');
  try {
    return { ok: true, value: parse(text) };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    return {
      ok: false,
      message: `is not valid TOML (line ${error.line}, column ${error.column}: ${tomlReason(error)})`,
    };
  }
}
