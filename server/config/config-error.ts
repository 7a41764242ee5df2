/** What is wrong with a configuration: every problem, not just the first. */

export interface Problem {
  /** The setting as the user spelled it: a variable, a flag, or a path in a file. */
  readonly key: string;
  /** Continues the key: what is wrong and what would be right. Never holds a secret. */
  readonly message: string;
}

/** `other` as it is named in a problem of `key`: without the file when both are in the same one. */
export function besideKey(key: string, other: string): string {
  const file = /^(.*: )/.exec(key)?.[1];
  return file !== undefined && other.startsWith(file) ? other.slice(file.length) : other;
}

export class ConfigError extends Error {
  readonly problems: readonly Problem[];

  /** `warnings` are shown as well, since a variable that isn't a setting may be a setting misspelled. */
  constructor(problems: readonly Problem[], warnings: readonly string[] = []) {
    const lines = problems.map(({ key, message }) => `  - ${key} ${message}`);
    const notes = warnings.map((warning) => `  - (only a warning) ${warning}`);
    super(["The configuration can't be used:", ...lines, ...notes].join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}
