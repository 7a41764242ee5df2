/** The environment as a layer of settings. */
import type { Problem } from './config-error.ts';
import type { Layer } from './layer.ts';
import { suggestion } from './nearest-name.ts';
import { CONFIG_FILE, settingAt, settings } from './settings.ts';
import { valueFromText } from './text-value.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

const PREFIX = 'CARILLON_';

export interface EnvironmentLayer extends Layer {
  /** The file that `CARILLON_CONFIG` names. */
  readonly configFile: string | undefined;
}

/** An empty variable counts as unset, because `X=${Y:-}` is how compose files leave one out. */
export function readEnvironment(env: Environment): EnvironmentLayer {
  const values = new Map<string, unknown>();
  const problems: Problem[] = [];
  for (const setting of settings) {
    const text = env[setting.env];
    if (text === undefined || text === '') continue;
    const read = valueFromText(text, setting);
    if (read.ok) values.set(setting.path, read.value);
    else problems.push({ key: setting.env, message: read.message });
  }
  return {
    values,
    spell: (setting) => setting.env,
    appsUnread: problems.some(({ key }) => key === settingAt('apps').env),
    problems,
    warnings: unknownNames(env),
    configFile: env[CONFIG_FILE.env] || undefined,
  };
}

/** Only warnings, because an environment is shared: a newer or older Carillon may read what this one doesn't. */
function unknownNames(env: Environment): string[] {
  const known = new Set([CONFIG_FILE.env, ...settings.map((setting) => setting.env)]);
  const warnings: string[] = [];
  for (const name of Object.keys(env).sort()) {
    if (!name.startsWith(PREFIX) || known.has(name)) continue;
    warnings.push(`${name} is not a setting${suggestion(name, known)}`);
  }
  return warnings;
}
