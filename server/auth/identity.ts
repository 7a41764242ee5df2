/** How a request says who is behind it, and what comes of that. */

import type { Denied } from './claim-rules.ts';
import type { Claims } from './claims.ts';

/** A request to an auth endpoint, apart from how it came. */
export interface Asked {
  readonly kind: 'channel' | 'user' | 'beams';
  /** Of the query and the body; the body's win. */
  readonly fields: ReadonlyMap<string, string>;
  /** Names in lower case. Of a script's request, no Authorization that the browser may have added by itself. */
  readonly headers: ReadonlyMap<string, string>;
  /** Where it came from. */
  readonly address: string;
  /** Whether cookies count: not for scripts (JSONP), which any page can include and whose answer it can read. */
  readonly cookies: boolean;
}

/** A caller who is known. */
export interface Identified {
  readonly claims: Claims;
  /** The earliest moment at which somebody may have vouched for them, in milliseconds; 0 where that is not told. */
  readonly issuedAt: number;
  /** From when on they would be refused, in milliseconds; undefined for never. */
  readonly expiresAt: number | undefined;
}

/** Nobody can tell at the moment: neither a yes nor a no. */
export interface Unavailable {
  readonly unavailable: string;
}

export type Identity = Identified | Denied | Unavailable;

/** Finds out who is behind a request. */
export interface Identifier {
  identify(asked: Asked): Promise<Identity>;
}
