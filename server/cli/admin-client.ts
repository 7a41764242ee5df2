/** Asks the admin API of a running node, for the commands that are built on it. */
import { asObject } from '../../protocol/index.ts';
import type { OptionKind } from '../config/arguments.ts';
import { parseConfig } from '../config/parse.ts';
import { DEFAULT_PORT } from '../config/schema.ts';
import { CONFIG_FILE } from '../config/settings.ts';
import { reachableHost } from './address.ts';
import { nodeAddress, type Options } from './node-address.ts';
import type { Terminal } from './terminal.ts';
import { unreachable } from './unreachable.ts';
import { UsageError } from './usage-error.ts';

export interface AdminDependencies {
  readonly terminal: Terminal;
  readonly fetch: typeof fetch;
}

/** The options that say where the node is and what opens it. */
export const ADMIN_OPTIONS: ReadonlyArray<readonly [string, OptionKind]> = [
  ['--host', 'value'],
  ['--port', 'value'],
  ['--tls', 'toggle'],
  ['--token', 'value'],
  [CONFIG_FILE.flag, 'value'],
];

export type Answer = Readonly<Record<string, unknown>>;

const ANSWER_WITHIN_MS = 10_000;

/** The answer's object; or nothing, after saying what went wrong. Throws `UsageError` and `ConfigError`. */
export async function askAdmin(
  options: Options,
  method: string,
  path: string,
  body: string | undefined,
  { terminal, fetch }: AdminDependencies,
): Promise<Answer | undefined> {
  const { base, token } = targetOf(options, terminal);
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
  const answer = objectIn(text);
  if (response.ok) {
    if (answer === undefined) terminal.complain(`What answers at ${base} is no Carillon admin API.`);
    return answer;
  }
  const reason = typeof answer?.['error'] === 'string' ? answer['error'] : text.trim();
  // The admin API says in JSON what it doesn't find; a node without one answers by itself.
  const hint = response.status === 404 && answer === undefined ? '\nIs an admin token configured there?' : '';
  terminal.complain(`The node at ${base} refused with ${response.status}: ${reason.slice(0, 2000)}${hint}`);
  return undefined;
}

function objectIn(text: string): Answer | undefined {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return undefined;
  }
}

interface Target {
  readonly base: string;
  readonly token: string;
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
