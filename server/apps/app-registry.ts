/** Which apps exist. */
import type { SigningKey } from '../lib/hmac.ts';
import type { App } from './app.ts';

/** A key that is valid now, with what it opens. */
export interface AppKey {
  readonly app: App;
  readonly key: string;
  readonly signingKey: SigningKey;
}

/** An app that was there and still is, with other settings or keys. */
export interface AppChange {
  readonly before: App;
  readonly after: App;
}

/** How the apps differ from a moment ago. Apps that didn't change are in none of the lists, and keep their value. */
export interface AppChanges {
  readonly added: readonly App[];
  readonly changed: readonly AppChange[];
  readonly removed: readonly App[];
}

export type AppListener = (changes: AppChanges) => void;

/**
 * Answers from memory, at once: every handshake and every request asks. An implementation over a database keeps a
 * snapshot.
 */
export interface AppRegistry {
  byId(id: string): App | undefined;
  /** The app a key belongs to and the key's secret, ready for signing; undefined for unknown and withdrawn keys. */
  byKey(key: string): AppKey | undefined;
  all(): Iterable<App>;
  /** Calls after each change, when the registry answers with the new apps already. The apps there are now are no change. */
  onChange(listener: AppListener): void;
}
