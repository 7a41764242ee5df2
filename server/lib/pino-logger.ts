/** The log, by pino: JSON lines for collectors, readable lines for a developer's terminal. */
import { type DestinationStream, destination, pino } from 'pino';
import type { LogLevel } from '../config/config.ts';
import type { LogFields, Logger } from './logger.ts';
import { readableLine } from './readable-log.ts';

const STDOUT = 1;

/** Nobody logs these on purpose; this is for the field that carries a whole app by accident. */
const SECRETS = ['secret', '*.secret', '*.credentials', 'credentials', 'passphrase', '*.passphrase'];

/**
 * One JSON object a line, written before the call returns, so that a crash loses none.
 * @param base fields of every line
 */
export function jsonLogger(
  level: LogLevel,
  to: DestinationStream = destination({ fd: STDOUT, sync: true }),
  base: LogFields | null = null,
): Logger {
  return pino({ level, base, redact: SECRETS }, to);
}

/** Lines for people; `write` gets each with its line end. */
export function readableLogger(
  level: LogLevel,
  write: (line: string) => void,
  base: LogFields | null = null,
): Logger {
  return jsonLogger(level, { write: (json) => write(readableLine(json)) }, base);
}
