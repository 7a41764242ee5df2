/** Apps that are not in the configuration, held to the same rules as those that are. */
import type { AppReader } from '../apps/stored-app.ts';
import { readApps } from './apps.ts';
import { authProblems } from './auth-problems.ts';
import type { Config } from './config.ts';
import type { ReadFile } from './file.ts';
import { frozen } from './frozen.ts';
import { bodyProblems, productionProblems } from './rules.ts';

/** The entry in problems, which its settings are named below. */
const ENTRY = 'app';

export function appReader(
  { appDefaults, limits, mode }: Pick<Config, 'appDefaults' | 'limits' | 'mode'>,
  readFile: ReadFile,
): AppReader {
  return (entry) => {
    const { apps, problems } = readApps([{ key: ENTRY, value: entry }], appDefaults, readFile);
    const wrong = [
      ...problems,
      ...authProblems(apps, readFile),
      ...bodyProblems(limits.bodyBytes, apps, (path) => `the node's ${path}`),
      ...(mode === 'production' ? productionProblems(apps) : []),
    ];
    const [app] = apps;
    if (app !== undefined && wrong.length === 0) return frozen(app);
    return wrong.map(({ key, message }) => `${key.replace(/^app\./, '')} ${message}`);
  };
}
