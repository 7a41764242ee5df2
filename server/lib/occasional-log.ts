/** Warnings that may come thousands at a time: one of a kind per interval, with the number left out since. */
import type { Clock } from './clock.ts';
import type { LogFields, Logger } from './logger.ts';

const INTERVAL_MS = 10_000;
/** Subjects remembered: some are made of what others choose, such as the receivers of webhooks. The oldest go first. */
const MAX_SUBJECTS = 10_000;

interface Written {
  readonly at: number;
  leftOut: number;
}

export class OccasionalLog {
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** By message and subject, the one written longest ago first. */
  readonly #written = new Map<string, Written>();

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** @param subject what the warning is about; each has its own interval */
  warn(subject: string, fields: LogFields, message: string): void {
    const key = `${message} ${subject}`;
    const last = this.#written.get(key);
    const now = this.#clock.now();
    if (last !== undefined && now - last.at < INTERVAL_MS) {
      last.leftOut += 1;
      return;
    }
    this.#written.delete(key);
    this.#written.set(key, { at: now, leftOut: 0 });
    const [oldest] = this.#written.keys();
    if (this.#written.size > MAX_SUBJECTS && oldest !== undefined) this.#written.delete(oldest);
    this.#logger.warn(last?.leftOut ? { ...fields, leftOut: last.leftOut } : fields, message);
  }
}
