/** The part of pino that Carillon uses: fields first, then a short stable phrase. */

/** What is known about an event. */
export interface LogFields {
  /** A failure, whole: the logger takes message and stack from it, under this name only. */
  readonly err?: unknown;
  readonly error?: never;
  readonly [name: string]: unknown;
}

export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}
