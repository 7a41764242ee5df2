/** `carillon config`: the configuration a node would use, or the reference of all settings. */
import { parseConfig } from '../config/parse.ts';
import { EXIT_OK } from './exit-codes.ts';
import { maskedConfig } from './masked-config.ts';
import { settingsMarkdown } from './settings-help.ts';
import type { Terminal } from './terminal.ts';

const MARKDOWN = '--markdown';

/** Throws `ConfigError` when a node wouldn't start. */
export async function printConfig(args: readonly string[], terminal: Terminal): Promise<number> {
  if (args.includes(MARKDOWN)) {
    terminal.print(settingsMarkdown());
    return EXIT_OK;
  }
  const { env, readFile } = terminal;
  const { config, warnings } = parseConfig({ flags: args, env, readFile });
  for (const warning of warnings) terminal.complain(`warning: ${warning}`);
  if (config.developmentApp !== undefined) {
    terminal.complain('No app is configured: this is the made-up development app.');
  }
  terminal.print(maskedConfig(config));
  return EXIT_OK;
}
