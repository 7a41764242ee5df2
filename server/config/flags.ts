/** The command line as a layer of settings. */
import { type OptionKind, splitArguments } from './arguments.ts';
import type { Problem } from './config-error.ts';
import type { Layer } from './layer.ts';
import { CONFIG_FILE, settingAt, settings } from './settings.ts';
import { valueFromText } from './text-value.ts';
import { kindOf } from './value-kind.ts';

/** Every flag that carries a setting, and the one that names the file. */
const knownFlags: ReadonlyMap<string, OptionKind> = new Map<string, OptionKind>([
  [CONFIG_FILE.flag, 'value'],
  ...settings.map(({ flag, schema }): [string, OptionKind] => [
    flag,
    kindOf(schema).type === 'toggle' ? 'toggle' : 'value',
  ]),
]);

export interface FlagLayer extends Layer {
  /** The file that `--config` names. */
  readonly configFile: string | undefined;
}

export function readFlags(args: readonly string[]): FlagLayer {
  const split = splitArguments(args, knownFlags);
  const problems: Problem[] = [...split.problems];
  for (const positional of split.positionals) {
    problems.push({ key: positional, message: 'is one argument too many; flags start with --' });
  }
  const values = new Map<string, unknown>();
  for (const setting of settings) {
    const text = split.options.get(setting.flag);
    if (text === undefined) continue;
    const read = valueFromText(text, setting);
    if (read.ok) values.set(setting.path, read.value);
    else problems.push({ key: setting.flag, message: read.message });
  }
  return {
    values,
    spell: (setting) => setting.flag,
    appsUnread: problems.some(({ key }) => key === settingAt('apps').flag),
    problems,
    warnings: [],
    configFile: split.options.get(CONFIG_FILE.flag),
  };
}
