/** An app as it is kept where apps change while nodes run: what somebody gave, unchecked, and when. */
import type { App, Credential } from './app.ts';

export interface StoredCredential extends Credential {
  /** Milliseconds since the epoch from which on the pair is not valid any more; undefined: no end is set. */
  readonly retiresAt: number | undefined;
}

/** What may be changed of a stored app. */
export interface AppDraft {
  readonly id: string;
  readonly enabled: boolean;
  /** In the form of the configuration file, without id, key pairs and `enabled`. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Oldest first. */
  readonly credentials: readonly StoredCredential[];
  /** Milliseconds since the epoch, as is `updatedAt`. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface StoredApp extends AppDraft {
  /** Grows with every change of any app: no two states of the apps share one. */
  readonly version: number;
}

/** An app in the form of the configuration file → the app, or what is wrong with it, a sentence each. */
export type AppReader = (entry: Readonly<Record<string, unknown>>) => App | readonly string[];

/** The pairs that are valid at `now`. */
export function validPairs({ credentials }: AppDraft, now: number): readonly StoredCredential[] {
  return credentials.filter(({ retiresAt }) => retiresAt === undefined || retiresAt > now);
}

/** A draft in the form of the configuration file, with the pairs that are valid at `now`. */
export function entryOf(draft: AppDraft, now: number): Readonly<Record<string, unknown>> {
  const credentials = validPairs(draft, now).map(({ key, secret }) => ({ key, secret }));
  return { ...draft.settings, id: draft.id, enabled: draft.enabled, credentials };
}
