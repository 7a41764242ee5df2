/** Parsing as the command line does it, from values: no process, no disk. */
import { ConfigError } from '../../../server/config/config-error.ts';
import { type ParsedConfig, parseConfig } from '../../../server/config/parse.ts';

export interface Given {
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Text by path; any other path doesn't exist. */
  readonly files?: Readonly<Record<string, string>>;
}

export const ONE_APP = {
  CARILLON_APP_ID: '7',
  CARILLON_APP_KEY: 'seven',
  CARILLON_APP_SECRET: 'seven-secret',
} as const;

export function parse({ flags = [], env = {}, files = {} }: Given): ParsedConfig {
  return parseConfig({ flags, env, readFile: readerOf(files) });
}

/** The problems of a configuration that must be refused, one line each: the key as spelled, then the message. */
export function problems(given: Given): string[] {
  try {
    parse(given);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ key, message }) => `${key} ${message}`);
    throw error;
  }
  throw new Error('this configuration was accepted');
}

export function readerOf(files: Readonly<Record<string, string>>): (path: string) => string {
  return (path) => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
    return text;
  };
}
