/** `carillon dead-letters`: what webhooks could not deliver, by the admin API of a running node. */
import { asObject } from '../../protocol/index.ts';
import { type OptionKind, splitArguments } from '../config/arguments.ts';
import { ADMIN_OPTIONS, type AdminDependencies, askAdmin } from './admin-client.ts';
import { EXIT_FAILED, EXIT_OK } from './exit-codes.ts';
import type { Options } from './node-address.ts';
import { UsageError } from './usage-error.ts';

const OPTIONS: ReadonlyMap<string, OptionKind> = new Map<string, OptionKind>([
  ...ADMIN_OPTIONS,
  ['--app', 'value'],
  ['--endpoint', 'value'],
  ['--limit', 'value'],
  ['--cursor', 'value'],
  ['--json', 'toggle'],
]);

const PATH = '/admin/webhooks/dead-letters';

/** Resolves to the exit code. Throws `UsageError`, and `ConfigError` when the configuration is asked. */
export async function deadLetters(args: readonly string[], given: AdminDependencies): Promise<number> {
  const { options, positionals, problems } = splitArguments(args, OPTIONS);
  const [problem] = problems;
  if (problem !== undefined) throw new UsageError(`${problem.key} ${problem.message}`);
  const [action, ...ids] = positionals;
  switch (action) {
    case 'list':
      if (ids.length > 0) throw new UsageError('list takes no ids; --app and --endpoint narrow it down');
      return list(options, given);
    case 'replay':
      return act(options, ids, given, 'POST', `${PATH}/replay`, (answer) => {
        const left = Number(answer['without_endpoint'] ?? 0);
        const note = left > 0 ? ` ${left} stay, because their endpoint is not configured.` : '';
        return `Queued ${String(answer['replayed'])} for another try.${note}`;
      });
    case 'drop':
      return act(options, ids, given, 'DELETE', PATH, (answer) => `Dropped ${String(answer['dropped'])}.`);
    default:
      throw new UsageError('list, replay or drop is needed');
  }
}

async function list(options: Options, given: AdminDependencies): Promise<number> {
  const query = new URLSearchParams();
  for (const name of ['app', 'endpoint', 'limit', 'cursor']) {
    const value = options.get(`--${name}`);
    if (value !== undefined) query.set(name, value);
  }
  const answer = await askAdmin(options, 'GET', `${PATH}?${query}`, undefined, given);
  if (answer === undefined) return EXIT_FAILED;
  const { terminal } = given;
  if (options.get('--json') === 'true') {
    terminal.print(JSON.stringify(answer, null, 2));
    return EXIT_OK;
  }
  const letters = Array.isArray(answer['letters']) ? answer['letters'] : [];
  if (letters.length === 0) terminal.print('There are no dead letters.');
  for (const letter of letters) terminal.print(letterLine(letter));
  if (typeof answer['cursor'] === 'string') terminal.print(`There are more: --cursor ${answer['cursor']}`);
  return EXIT_OK;
}

/** Two lines: what it is, and why it is here. */
function letterLine(value: unknown): string {
  const letter = asObject(value) ?? {};
  const attempts = String(letter['attempts']);
  return (
    `${String(letter['id'])}  app ${String(letter['app'])}  ${String(letter['endpoint'])}  ${JSON.stringify(letter['event'])}\n` +
    `    given up ${String(letter['failed_at'])} after ${attempts} attempts: ${String(letter['reason'])}`
  );
}

async function act(
  options: Options,
  ids: readonly string[],
  given: AdminDependencies,
  method: string,
  path: string,
  words: (answer: Readonly<Record<string, unknown>>) => string,
): Promise<number> {
  const app = options.get('--app');
  const endpoint = options.get('--endpoint');
  if (ids.length === 0 && app === undefined)
    throw new UsageError('ids are needed, or --app for all of an app');
  if (ids.length > 0 && (app ?? endpoint) !== undefined) {
    throw new UsageError('ids go without --app and --endpoint');
  }
  const body = JSON.stringify(ids.length > 0 ? { ids } : { app, endpoint });
  const answer = await askAdmin(options, method, path, body, given);
  if (answer === undefined) return EXIT_FAILED;
  given.terminal.print(words(answer));
  return EXIT_OK;
}
