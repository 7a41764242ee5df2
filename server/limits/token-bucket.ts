/** A rate that allows bursts: tokens come back steadily, up to a most; each take costs one. Pure. */

export interface Rate {
  /** Tokens that come back in a second; 0 lifts the limit. */
  readonly perSecond: number;
  /** Tokens of a full bucket, at least one. */
  readonly burst: number;
}

export interface Bucket {
  readonly tokens: number;
  /** When it was so, in milliseconds. */
  readonly at: number;
}

export interface Taken {
  readonly bucket: Bucket;
  /** 0 when there was a token; else milliseconds until there is one. */
  readonly waitMs: number;
}

/** @param bucket undefined for one that was never used: it is full */
export function takeToken(bucket: Bucket | undefined, { perSecond, burst }: Rate, now: number): Taken {
  if (perSecond === 0) return { bucket: { tokens: burst, at: now }, waitMs: 0 };
  const passed = bucket === undefined ? 0 : Math.max(0, now - bucket.at);
  const tokens = Math.min(burst, (bucket?.tokens ?? burst) + (passed * perSecond) / 1000);
  if (tokens >= 1) return { bucket: { tokens: tokens - 1, at: now }, waitMs: 0 };
  return { bucket: { tokens, at: now }, waitMs: Math.ceil(((1 - tokens) * 1000) / perSecond) };
}
