/** `carillon start`: runs a node until it is asked to stop. */
import type { RunningServer } from '../compose.ts';
import type { Config } from '../config/config.ts';
import { parseConfig } from '../config/parse.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { banner } from './banner.ts';
import { EXIT_FAILED } from './exit-codes.ts';
import { stopRequest } from './stop-request.ts';
import type { Lifetime, Terminal } from './terminal.ts';

export interface StartDependencies {
  readonly terminal: Terminal;
  readonly lifetime: Lifetime;
  readonly clock: Clock;
  createLogger(config: Config): Logger;
  startServer(config: Config, logger: Logger): Promise<RunningServer>;
}

/** Resolves to the exit code once the node has stopped. Throws `ConfigError` before anything is started. */
export async function start(args: readonly string[], given: StartDependencies): Promise<number> {
  const { terminal, lifetime, clock } = given;
  const { env, readFile } = terminal;
  const { config, warnings, appsFile } = parseConfig({ flags: args, env, readFile });
  const logger = given.createLogger(config);
  for (const warning of warnings) logger.warn({}, warning);

  // Before the server, so that a signal during its start is a clean stop as well.
  const stopped = stopRequest(lifetime, clock, logger);
  let server: RunningServer;
  try {
    server = await given.startServer(config, logger);
  } catch (err) {
    logger.debug({ err }, 'start failed');
    terminal.complain(`Carillon didn't start: ${err instanceof Error ? err.message : String(err)}`);
    return EXIT_FAILED;
  }
  if (config.mode === 'development') terminal.print(banner(config, server.port, appsFile));

  const code = await stopped;
  try {
    await server.stop();
  } catch (err) {
    logger.error({ err }, 'stopping failed');
    return EXIT_FAILED;
  }
  return code;
}
