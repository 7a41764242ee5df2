/** Which apps exist. */
import type { SigningKey } from '../lib/hmac.ts';
import type { App } from './app.ts';

/** A key that is valid now, with what it opens. */
export interface AppKey {
  readonly app: App;
  readonly key: string;
  readonly signingKey: SigningKey;
}

/**
 * Answers from memory, at once: every handshake and every request asks. An implementation over a database keeps a
 * snapshot.
 */
export interface AppRegistry {
  byId(id: string): App | undefined;
  /** The app a key belongs to and the key's secret, ready for signing; undefined for unknown and withdrawn keys. */
  byKey(key: string): AppKey | undefined;
  all(): Iterable<App>;
}
