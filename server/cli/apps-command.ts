/** `carillon apps`: the apps of running nodes, and changes of the stored ones, by the admin API. */
import { asObject } from '../../protocol/index.ts';
import { type OptionKind, splitArguments } from '../config/arguments.ts';
import { unreadable } from '../config/file.ts';
import { ADMIN_OPTIONS, type AdminDependencies, type Answer, askAdmin } from './admin-client.ts';
import { EXIT_FAILED, EXIT_OK } from './exit-codes.ts';
import type { Options } from './node-address.ts';
import { UsageError } from './usage-error.ts';

const OPTIONS: ReadonlyMap<string, OptionKind> = new Map<string, OptionKind>([
  ...ADMIN_OPTIONS,
  ['--limit', 'value'],
  ['--cursor', 'value'],
  ['--overlap', 'value'],
  ['--file', 'value'],
  ['--json', 'toggle'],
]);

const PATH = '/admin/apps';

interface Action {
  /** Arguments after the action, the last may be left out if it ends with a question mark. */
  readonly takes: readonly string[];
  /** The options it takes beside those of every action. */
  readonly options: readonly string[];
  run(names: readonly string[], options: Options, given: AdminDependencies): Promise<number>;
}

const ACTIONS: ReadonlyMap<string, Action> = new Map<string, Action>([
  ['list', { takes: [], options: ['--limit', '--cursor'], run: list }],
  ['show', { takes: ['id'], options: [], run: simple('GET', '', (app) => JSON.stringify(app, null, 2)) }],
  ['create', { takes: ['settings?'], options: ['--file'], run: create }],
  ['update', { takes: ['id', 'settings?'], options: ['--file'], run: update }],
  [
    'disable',
    { takes: ['id'], options: [], run: simple('POST', '/disable', (app) => `Disabled app ${app['id']}.`) },
  ],
  [
    'enable',
    { takes: ['id'], options: [], run: simple('POST', '/enable', (app) => `Enabled app ${app['id']}.`) },
  ],
  ['rotate', { takes: ['id'], options: ['--overlap'], run: rotate }],
  [
    'delete',
    { takes: ['id'], options: [], run: simple('DELETE', '', ({ deleted }) => `Deleted app ${deleted}.`) },
  ],
]);

/** Resolves to the exit code. Throws `UsageError`, and `ConfigError` when the configuration is asked. */
export async function apps(args: readonly string[], given: AdminDependencies): Promise<number> {
  const { options, positionals, problems } = splitArguments(args, OPTIONS);
  const [problem] = problems;
  if (problem !== undefined) throw new UsageError(`${problem.key} ${problem.message}`);
  const [name = '', ...rest] = positionals;
  const action = ACTIONS.get(name);
  if (action === undefined) throw new UsageError(`one of ${[...ACTIONS.keys()].join(', ')} is needed`);
  const needed = action.takes.filter((what) => !what.endsWith('?'));
  if (rest.length < needed.length) throw new UsageError(`${name} needs ${needed.join(' and ')}`);
  if (rest.length > action.takes.length) throw new UsageError(`${name} takes no ${rest.at(-1)}`);
  for (const option of ['--limit', '--cursor', '--overlap', '--file']) {
    if (options.has(option) && !action.options.includes(option)) {
      throw new UsageError(`${name} takes no ${option}`);
    }
  }
  return action.run(rest, options, given);
}

async function list(_: readonly string[], options: Options, given: AdminDependencies): Promise<number> {
  const query = new URLSearchParams();
  for (const name of ['limit', 'cursor']) {
    const value = options.get(`--${name}`);
    if (value !== undefined) query.set(name, value);
  }
  return told(
    await askAdmin(options, 'GET', `${PATH}?${query}`, undefined, given),
    options,
    given,
    (answer) => {
      const listed = Array.isArray(answer['apps']) ? answer['apps'] : [];
      const lines = listed.map((app) => line(asObject(app) ?? {}));
      if (lines.length === 0) lines.push('There are no apps.');
      if (typeof answer['cursor'] === 'string') lines.push(`There are more: --cursor ${answer['cursor']}`);
      return lines.join('\n');
    },
  );
}

function line(app: Answer): string {
  const pairs = Array.isArray(app['credentials']) ? app['credentials'] : [];
  const keys = pairs.map((pair) => {
    const { key, retires_at: end } = asObject(pair) ?? {};
    return end === undefined ? String(key) : `${key} (until ${end})`;
  });
  const state =
    app['problems'] !== undefined ? 'left out' : app['enabled'] === false ? 'disabled' : 'enabled';
  return `${app['id']}  ${state}  ${app['source']}  ${keys.join(', ')}`;
}

async function create(names: readonly string[], options: Options, given: AdminDependencies): Promise<number> {
  const body = settingsOf(names[0], options, given) ?? '{}';
  return told(await askAdmin(options, 'POST', PATH, body, given), options, given, (app) => {
    return `Created app ${app['id']}.\n${pairLines(app)}`;
  });
}

async function update(
  [id = '', settings]: readonly string[],
  options: Options,
  given: AdminDependencies,
): Promise<number> {
  const body = settingsOf(settings, options, given);
  if (body === undefined) throw new UsageError('update needs the settings to change, as JSON or by --file');
  return told(
    await askAdmin(options, 'PATCH', pathOf(id), body, given),
    options,
    given,
    (app) => `Updated app ${app['id']}; it has version ${app['version']}.`,
  );
}

async function rotate(
  [id = '']: readonly string[],
  options: Options,
  given: AdminDependencies,
): Promise<number> {
  const overlap = options.get('--overlap');
  if (overlap !== undefined && !/^\d{1,9}$/.test(overlap)) {
    throw new UsageError(`--overlap must be a whole number of seconds, but is ${overlap}`);
  }
  const body = JSON.stringify(overlap === undefined ? {} : { overlapSeconds: Number(overlap) });
  return told(await askAdmin(options, 'POST', `${pathOf(id)}/rotate`, body, given), options, given, (app) => {
    return `App ${app['id']} has a new key pair.\n${pairLines(app)}\n${line(app)}`;
  });
}

function simple(method: string, path: string, words: (answer: Answer) => string): Action['run'] {
  return async ([id = ''], options, given) =>
    told(await askAdmin(options, method, `${pathOf(id)}${path}`, undefined, given), options, given, words);
}

const pathOf = (id: string): string => `${PATH}/${encodeURIComponent(id)}`;

function pairLines(app: Answer): string {
  return `  key     ${app['key']}\n  secret  ${app['secret']}\nThe secret is shown this once.`;
}

/** JSON as given, or out of a file. */
function settingsOf(
  text: string | undefined,
  options: Options,
  { terminal }: AdminDependencies,
): string | undefined {
  const file = options.get('--file');
  if (file === undefined) return text;
  if (text !== undefined) throw new UsageError('settings are given as JSON or by --file, not both');
  try {
    return terminal.readFile(file);
  } catch (error) {
    throw new UsageError(`--file names ${file}, which ${unreadable(error)}`);
  }
}

function told(
  answer: Answer | undefined,
  options: Options,
  { terminal }: AdminDependencies,
  words: (answer: Answer) => string,
): number {
  if (answer === undefined) return EXIT_FAILED;
  terminal.print(options.get('--json') === 'true' ? JSON.stringify(answer, null, 2) : words(answer));
  return EXIT_OK;
}
