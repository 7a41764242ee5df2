/** `carillon trigger`: publishes one event through a running node, by its HTTP API. */
import { userChannel } from '../../protocol/index.ts';
import { type OptionKind, splitArguments } from '../config/arguments.ts';
import { CONFIG_FILE } from '../config/settings.ts';
import type { Clock } from '../lib/clock.ts';
import { EXIT_FAILED, EXIT_OK } from './exit-codes.ts';
import type { Options } from './node-address.ts';
import { signedUrl } from './signed-request.ts';
import type { Terminal } from './terminal.ts';
import { type Target, targetOf } from './trigger-target.ts';
import { unreachable } from './unreachable.ts';
import { UsageError } from './usage-error.ts';

export interface TriggerDependencies {
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly fetch: typeof fetch;
}

const OPTIONS: ReadonlyMap<string, OptionKind> = new Map<string, OptionKind>([
  ['--host', 'value'],
  ['--port', 'value'],
  ['--tls', 'toggle'],
  ['--app-id', 'value'],
  ['--key', 'value'],
  ['--secret', 'value'],
  ['--socket-id', 'value'],
  ['--user', 'value'],
  [CONFIG_FILE.flag, 'value'],
]);

const ANSWER_WITHIN_MS = 10_000;

/** Resolves to the exit code. Throws `UsageError`, and `ConfigError` when the configuration is asked. */
export async function trigger(args: readonly string[], given: TriggerDependencies): Promise<number> {
  const { options, positionals, problems } = splitArguments(args, OPTIONS);
  const [problem] = problems;
  if (problem !== undefined) throw new UsageError(`${problem.key} ${problem.message}`);
  const { channel, event, data } = eventOf(positionals, options.get('--user'));
  const target = targetOf(options, given.terminal);
  if (/^\s*[{[]/.test(data) && !isJson(data)) given.terminal.complain(NOT_JSON);
  const sent = await send(target, eventBody(channel, event, data, options), given);
  if (sent !== undefined) {
    given.terminal.complain(sent);
    return EXIT_FAILED;
  }
  const form = isJson(data) ? 'JSON' : 'text';
  given.terminal.print(
    `Sent ${event} to ${channel} by ${target.base}, app ${target.appId}, data as ${form}.`,
  );
  return EXIT_OK;
}

const NOT_JSON =
  "warning: the data begins like JSON but isn't, so it is sent as text. In a shell, put it in single quotes: " +
  `'{"hello":"world"}'`;

interface Event {
  readonly channel: string;
  readonly event: string;
  readonly data: string;
}

function eventOf(positionals: readonly string[], user: string | undefined): Event {
  const [channel, event, data = '{}', ...rest] =
    user === undefined ? positionals : [userChannel(user), ...positionals];
  if (channel === undefined) throw new UsageError('a channel and an event are needed');
  if (event === undefined) throw new UsageError('an event is needed');
  if (rest.length > 0) {
    throw new UsageError(`${rest.join(' ')}: too much after the data; put data with spaces in quotes`);
  }
  return { channel, event, data };
}

/** Data goes out exactly as given: clients decode what is JSON and keep the rest as text, so both arrive as meant. */
function eventBody(channel: string, name: string, data: string, options: Options): string {
  return JSON.stringify({ name, channels: [channel], data, socket_id: options.get('--socket-id') });
}

/** Returns what went wrong, for people, or nothing. */
async function send(target: Target, body: string, given: TriggerDependencies): Promise<string | undefined> {
  const path = `/apps/${target.appId}/events`;
  const url = signedUrl(target.base, path, body, target.credential, given.clock.now());
  let response: Response;
  let answer: string;
  try {
    const headers = { 'content-type': 'application/json' };
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    response = await given.fetch(url, { method: 'POST', headers, body, signal });
    answer = await response.text();
  } catch (error) {
    return unreachable(target.base, error);
  }
  if (response.ok) return undefined;
  return refusal(target, response.status, answer.trim().slice(0, 500));
}

function refusal({ base, credential, isDevelopmentApp }: Target, status: number, answer: string): string {
  const lines = [`The node at ${base} refused with ${status}: ${answer}`];
  if (answer.startsWith('Invalid signature')) lines.unshift(`The secret is wrong for key ${credential.key}.`);
  if (isDevelopmentApp && (status === 401 || status === 404)) {
    lines.push(`This used the development app; give --app-id, --key and --secret, or ${CONFIG_FILE.flag}.`);
  }
  return lines.join('\n');
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
