/** `carillon dead-letters`: what webhooks could not deliver, by the admin API of a running node. */
import { asObject } from '../../protocol/index.ts';
import { type OptionKind, splitArguments } from '../config/arguments.ts';
import { parseConfig } from '../config/parse.ts';
import { DEFAULT_PORT } from '../config/schema.ts';
import { CONFIG_FILE } from '../config/settings.ts';
import { reachableHost } from './address.ts';
import { EXIT_FAILED, EXIT_OK } from './exit-codes.ts';
import { nodeAddress, type Options } from './node-address.ts';
import type { Terminal } from './terminal.ts';
import { unreachable } from './unreachable.ts';
import { UsageError } from './usage-error.ts';

export interface DeadLettersDependencies {
  readonly terminal: Terminal;
  readonly fetch: typeof fetch;
}

const OPTIONS: ReadonlyMap<string, OptionKind> = new Map<string, OptionKind>([
  ['--host', 'value'],
  ['--port', 'value'],
  ['--tls', 'toggle'],
  ['--token', 'value'],
  ['--app', 'value'],
  ['--endpoint', 'value'],
  ['--limit', 'value'],
  ['--cursor', 'value'],
  ['--json', 'toggle'],
  [CONFIG_FILE.flag, 'value'],
]);

const PATH = '/admin/webhooks/dead-letters';
const ANSWER_WITHIN_MS = 10_000;

interface Target {
  readonly base: string;
  readonly token: string;
}

/** Resolves to the exit code. Throws `UsageError`, and `ConfigError` when the configuration is asked. */
export async function deadLetters(args: readonly string[], given: DeadLettersDependencies): Promise<number> {
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

async function list(options: Options, given: DeadLettersDependencies): Promise<number> {
  const query = new URLSearchParams();
  for (const name of ['app', 'endpoint', 'limit', 'cursor']) {
    const value = options.get(`--${name}`);
    if (value !== undefined) query.set(name, value);
  }
  const answer = await ask(targetOf(options, given.terminal), 'GET', `${PATH}?${query}`, undefined, given);
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
  given: DeadLettersDependencies,
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
  const answer = await ask(targetOf(options, given.terminal), method, path, body, given);
  if (answer === undefined) return EXIT_FAILED;
  given.terminal.print(words(answer));
  return EXIT_OK;
}

/** The answer's object; or nothing, after saying what went wrong. */
async function ask(
  { base, token }: Target,
  method: string,
  path: string,
  body: string | undefined,
  { terminal, fetch }: DeadLettersDependencies,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  let response: Response;
  let text: string;
  try {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    response = await fetch(`${base}${path}`, {
      method,
      headers,
      signal,
      ...(body === undefined ? {} : { body }),
    });
    text = await response.text();
  } catch (error) {
    terminal.complain(unreachable(base, error));
    return undefined;
  }
  if (response.ok) {
    const answer = objectIn(text);
    if (answer === undefined) terminal.complain(`What answers at ${base} is no Carillon admin API.`);
    return answer;
  }
  const hint = response.status === 404 ? '\nIs an admin token configured there?' : '';
  terminal.complain(
    `The node at ${base} refused with ${response.status}: ${text.trim().slice(0, 500)}${hint}`,
  );
  return undefined;
}

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** With a token given, the configuration isn't asked: the node may be another machine's. */
function targetOf(options: Options, { env, readFile }: Terminal): Target {
  const given = options.get('--token');
  if (given !== undefined)
    return { base: nodeAddress(options, '127.0.0.1', DEFAULT_PORT, false), token: given };
  const file = options.get(CONFIG_FILE.flag);
  const flags = file === undefined ? [] : [`${CONFIG_FILE.flag}=${file}`];
  const { config } = parseConfig({ flags, env, readFile });
  if (config.adminToken === undefined) {
    throw new UsageError(
      'no admin token is configured; set CARILLON_ADMIN_TOKEN, for the node as well, or give --token',
    );
  }
  const base = nodeAddress(options, reachableHost(config.host), config.port, config.tls !== undefined);
  return { base, token: config.adminToken };
}
