/** `carillon worker`: one of several workers, started by their parent and by nobody else; not in the help. */
import type { Duplex } from 'node:stream';
import type { RunningServer } from '../compose.ts';
import { type Workplace, workplaceOf } from '../compose-hub.ts';
import type { Config } from '../config/config.ts';
import { parseConfig } from '../config/parse.ts';
import { HubLink } from '../hub/hub-link.ts';
import type { ParentService } from '../hub/hub-services.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { EXIT_FAILED } from './exit-codes.ts';
import { stopRequest } from './stop-request.ts';
import type { Lifetime, Terminal } from './terminal.ts';

export interface WorkerDependencies {
  readonly terminal: Terminal;
  readonly lifetime: Lifetime;
  readonly clock: Clock;
  /** @throws Error when the process was not started by a parent */
  openLink(): Duplex;
  createLogger(config: Config, worker: number): Logger;
  startServer(config: Config, logger: Logger, workplace: Workplace): Promise<RunningServer>;
}

/** @param args those that the parent was started with */
export async function work(args: readonly string[], given: WorkerDependencies): Promise<number> {
  const { terminal, lifetime, clock } = given;
  const link = new HubLink<ParentService>(given.openLink());
  // Without its parent a worker is nobody's: others could not see its clients.
  link.onEnd(() => lifetime.exit(EXIT_FAILED));
  link.start();
  const seat = await link.call('seat', undefined);
  const workplace = workplaceOf(link, seat);
  try {
    const { env, readFile } = terminal;
    const { config } = parseConfig({ flags: args, env, readFile });
    const logger = given.createLogger(config, seat.worker);
    const stopped = stopRequest(lifetime, clock, logger);
    const server = await given.startServer(config, logger, workplace);
    link.note('listening', undefined);
    const code = await stopped;
    await server.stop();
    return code;
  } catch (error) {
    await link.call('failed', error instanceof Error ? error.message : String(error));
    return EXIT_FAILED;
  }
}
