/** A log that nobody reads. */
import type { Logger } from '../../server/lib/logger.ts';

const nothing = (): undefined => undefined;

export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
