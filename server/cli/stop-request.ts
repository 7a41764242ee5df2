/** Turns signals and crashes into one moment at which the node is asked to stop, and what follows if it doesn't. */
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import { EXIT_FAILED, EXIT_OK } from './exit-codes.ts';
import type { Lifetime } from './terminal.ts';

/**
 * A second signal within this time is the first once more: npm passes on the Ctrl-C that the terminal has
 * already sent to the whole process group.
 */
const SAME_SIGNAL_MS = 500;

/** After a crash nothing can be relied on, stopping included. */
const CRASH_STOP_MS = 5000;

/**
 * Resolves with the exit code when the first signal (0) or crash (1) arrives. A later signal, and a stop after a
 * crash that doesn't come to an end, exit with 1 at once.
 */
export function stopRequest(lifetime: Lifetime, clock: Clock, logger: Logger): Promise<number> {
  return new Promise((resolve) => {
    let firstSignal: number | undefined;
    lifetime.onStopSignal((signal) => {
      if (firstSignal === undefined) {
        firstSignal = clock.now();
        logger.info({ signal }, 'asked to stop');
        resolve(EXIT_OK);
      } else if (clock.now() - firstSignal >= SAME_SIGNAL_MS) {
        logger.warn({ signal }, 'second signal, exiting at once');
        lifetime.exit(EXIT_FAILED);
      }
    });
    lifetime.onCrash((err) => {
      logger.error({ err }, 'uncaught error, stopping');
      clock.after(CRASH_STOP_MS, () => lifetime.exit(EXIT_FAILED));
      resolve(EXIT_FAILED);
    });
  });
}
