/** Splits command line arguments into options and the rest. Knows the names it is given and nothing of settings. */
import type { Problem } from './config-error.ts';
import { optionSuggestion } from './nearest-name.ts';

/** `toggle`: may stand alone, and has a `--no-` form. `value`: takes the next argument, or what follows `=`. */
export type OptionKind = 'value' | 'toggle';

export interface SplitArguments {
  /** By name, with the dashes; the last mention wins. A toggle is `true` or `false` unless it says otherwise. */
  readonly options: ReadonlyMap<string, string>;
  /** What isn't an option: everything without dashes, and everything after `--`. */
  readonly positionals: readonly string[];
  readonly problems: readonly Problem[];
}

export function splitArguments(
  args: readonly string[],
  known: ReadonlyMap<string, OptionKind>,
): SplitArguments {
  const options = new Map<string, string>();
  const positionals: string[] = [];
  const problems: Problem[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    if (arg === '--') {
      positionals.push(...args.slice(i + 1));
      break;
    }
    if (!arg.startsWith('-') || arg === '-') {
      positionals.push(arg);
      continue;
    }
    const equals = arg.indexOf('=');
    const name = equals < 0 ? arg : arg.slice(0, equals);
    const inline = equals < 0 ? undefined : arg.slice(equals + 1);
    const next = args[i + 1];
    const kind = known.get(name);
    if (kind === 'toggle') {
      // Only the words themselves are taken along, so that a toggle never eats a positional argument.
      const taken = inline === undefined && (next === 'true' || next === 'false');
      options.set(name, inline ?? (taken ? next : 'true'));
      if (taken) i++;
    } else if (kind === 'value') {
      const value = inline ?? (next !== undefined && isValue(next) ? next : undefined);
      if (value === undefined) problems.push({ key: name, message: 'needs a value after it' });
      else options.set(name, value);
      if (inline === undefined && value !== undefined) i++;
    } else if (inline === undefined && known.get(positiveForm(name)) === 'toggle') {
      options.set(positiveForm(name), 'false');
    } else {
      problems.push({ key: name, message: `is not an option${optionSuggestion(name, known.keys())}` });
      // What follows was most likely meant for it, and would only be a second complaint about the same slip.
      if (inline === undefined && next !== undefined && isValue(next)) i++;
    }
  }
  return { options, positionals, problems };
}

/** Negative numbers are values; anything else with a dash is the next option. */
function isValue(arg: string): boolean {
  return !arg.startsWith('-') || arg === '-' || /^-\d/.test(arg);
}

function positiveForm(name: string): string {
  return name.startsWith('--no-') ? `--${name.slice('--no-'.length)}` : '';
}
