/** Why YAML or TOML can't be read, in words of ours: the parsers' own may quote the file, and with it secrets. */
import type { TomlError } from 'smol-toml';
import type { ErrorCode } from 'yaml';

const YAML_REASONS: Readonly<Partial<Record<ErrorCode, string>>> = {
  BAD_ALIAS: 'a wrong alias; quote texts that begin with *',
  BAD_DQ_ESCAPE: 'an unknown escape after \\ in double quotes',
  BAD_INDENT: 'wrong indentation, or a list or quote that is not closed',
  BAD_SCALAR_START: 'a text that begins with @ or ` or another reserved character; put it in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a second : on the line, or wrong indentation; put texts with : in quotes',
  DUPLICATE_KEY: 'a name stands twice',
  MISSING_CHAR: "a missing character, such as a closing quote, bracket, comma or ':'",
  MULTILINE_IMPLICIT_KEY: "a missing ':', or a name over several lines",
  MULTIPLE_DOCS: 'more than one document',
  RESOURCE_EXHAUSTION: 'nested too deep',
  TAB_AS_INDENT: 'a tab where spaces belong',
  TAG_RESOLVE_FAILED: 'an unknown tag; quote texts that begin with !',
  UNEXPECTED_TOKEN: 'an unexpected character',
};

export function yamlReason(code: ErrorCode): string {
  return YAML_REASONS[code] ?? code.toLowerCase().replaceAll('_', ' ');
}

/** This parser has no codes, so its whole first line has to be one we know. */
const TOML_REASONS: ReadonlyMap<string, string> = new Map([
  ['invalid value', 'a missing or wrong value; texts go in quotes'],
  ['unfinished string', 'a text without its closing quote'],
  ['unfinished array', 'a list without its ]'],
  ['unfinished table', 'a table without its }'],
  ['expected comma or end of structure', "expected ',' or the end of the list or table"],
  ['incomplete key-value: cannot find end of key', "expected '=' after a name, or ']' after a heading"],
  ['unexpected end of key', "expected '='"],
  ['illegal character in key', "expected '=' after a name; other names go in quotes"],
  ['illegal empty bare key', 'a missing name'],
  ['trying to redefine an already defined value', 'a name stands twice'],
  ['trying to redefine an already defined table or value', 'a name or heading stands twice'],
  ['each key-value declaration must be followed by an end-of-line', 'more than one value on the line'],
  ['expected end of table array declaration', "expected ']]'"],
  ['control characters are not allowed in strings', 'a line break or control character within a text'],
  ['unrecognised escape sequence', 'an unknown escape after \\'],
  ['invalid unicode escape', 'a wrong \\u escape'],
  ['illegal leading zero', 'a number with a leading zero'],
]);

export function tomlReason(error: TomlError): string {
  const [first = ''] = error.message.split('\n');
  return TOML_REASONS.get(first.replace(/^Invalid TOML document: /, '')) ?? 'a syntax error';
}
