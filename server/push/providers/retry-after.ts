/** `Retry-After` (RFC 9110, 10.2.3). */

/** Longer pauses are taken for a mistake. */
const LONGEST_MS = 3_600_000;

/**
 * Milliseconds a service asks us to wait, at most an hour; undefined when it doesn't say, or not so that it can be read.
 * @param value seconds, or a date
 * @param now milliseconds since the epoch
 */
export function retryAfterMs(value: string | readonly string[] | undefined, now: number): number | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  const ms = /^\d+(\.\d+)?$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isNaN(ms) ? undefined : Math.min(LONGEST_MS, Math.max(0, Math.ceil(ms)));
}
