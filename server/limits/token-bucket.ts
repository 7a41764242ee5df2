/**
 * A rate that allows bursts: tokens come back steadily, up to a most; each take costs one. Pure.
 *
 * A bucket is one number, the time at which it will be full again: what is missing then follows from the time that is
 * left, and nothing has to be added up, or rounded, as time goes by.
 */

export interface Rate {
  /** Tokens that come back in a second; 0 lifts the limit. */
  readonly perSecond: number;
  /** Tokens of a full bucket, at least one. */
  readonly burst: number;
}

export interface Taken {
  /** When the bucket will be full, in milliseconds. */
  readonly fullAt: number;
  /** 0 when there was a token; else milliseconds until there is one. */
  readonly waitMs: number;
}

/** @param fullAt undefined for a bucket that was never used */
export function takeToken(fullAt: number | undefined, { perSecond, burst }: Rate, now: number): Taken {
  if (perSecond === 0) return { fullAt: now, waitMs: 0 };
  const tokenMs = 1000 / perSecond;
  // A clock set back must not make the bucket look emptier than an empty one.
  const from = Math.min(Math.max(fullAt ?? now, now), now + burst * tokenMs);
  const waitMs = Math.ceil(from - now - (burst - 1) * tokenMs);
  return waitMs > 0 ? { fullAt: from, waitMs } : { fullAt: from + tokenMs, waitMs: 0 };
}
