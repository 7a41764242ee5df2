/** Picks the command that the arguments name, and turns what it throws into words and an exit code. */
import { ConfigError } from '../config/config-error.ts';
import { suggestion } from '../config/nearest-name.ts';
import { VERSION } from '../version.ts';
import { EXIT_OK, EXIT_USAGE } from './exit-codes.ts';
import { COMMAND_NAMES, type CommandName, commandHelp, isCommandName, overview } from './help.ts';
import type { Terminal } from './terminal.ts';
import { UsageError } from './usage-error.ts';
import { WORKER } from './worker-name.ts';

/** Runs with the arguments after its name; resolves to the exit code. */
export type Command = (args: readonly string[]) => Promise<number>;

/** `carillon` by itself, or with nothing but flags, means this. */
const DEFAULT_COMMAND: CommandName = 'start';

export async function runCommandLine(
  args: readonly string[],
  commands: Readonly<Record<CommandName | typeof WORKER, Command>>,
  terminal: Terminal,
): Promise<number> {
  const [first, ...others] = args;
  // Not for people: a node starts its workers by it.
  if (first === WORKER) return commands[WORKER](others);
  if (first === 'help') return help(others, terminal);
  if (first === 'version' || first === '--version' || first === '-v') {
    terminal.print(VERSION);
    return EXIT_OK;
  }
  const named = first?.startsWith('-') === false ? first : undefined;
  if (named !== undefined && !isCommandName(named)) return unknownCommand(named, terminal);
  if (asksForHelp(args)) return help(named === undefined ? [] : [named], terminal);
  const name = named ?? DEFAULT_COMMAND;
  try {
    return await commands[name](named === undefined ? args : others);
  } catch (error) {
    if (error instanceof ConfigError) terminal.complain(error.message);
    else if (error instanceof UsageError) terminal.complain(`${error.message}\nSee: carillon help ${name}`);
    else throw error;
    return EXIT_USAGE;
  }
}

function help([topic]: readonly string[], terminal: Terminal): number {
  if (topic !== undefined && !isCommandName(topic)) return unknownCommand(topic, terminal);
  terminal.print(topic === undefined ? overview() : commandHelp(topic));
  return EXIT_OK;
}

function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  const options = end < 0 ? args : args.slice(0, end);
  return options.includes('--help') || options.includes('-h');
}

function unknownCommand(name: string, terminal: Terminal): number {
  const known = [...COMMAND_NAMES, 'help', 'version'];
  terminal.complain(
    `${name} is not a command${suggestion(name, known)}\nThe commands are: ${known.join(', ')}`,
  );
  return EXIT_USAGE;
}
