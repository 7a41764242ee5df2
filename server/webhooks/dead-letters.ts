/** Events that no attempt could deliver, kept for an operator to look at, send again or throw away. */
import type { Eventual } from '../lib/eventual.ts';
import type { QueuedEvent } from './queued-event.ts';

/** The reason of events that there was no room for. */
export const QUEUE_FULL = 'the queue was full';

/** An event given up for one endpoint. */
export interface Undelivered {
  readonly appId: string;
  /** The endpoint's name. */
  readonly endpoint: string;
  readonly event: QueuedEvent;
  /** Requests that carried it; 0 if its queue was full. */
  readonly attempts: number;
  /** What went wrong the last time, in words. */
  readonly reason: string;
}

export interface DeadLetter extends Undelivered {
  readonly id: string;
  /** Milliseconds since the epoch at which it was given up. */
  readonly failedAt: number;
}

/** Which letters: those named, or all of an app, of one endpoint of it if given. */
export type LetterSelection =
  | { readonly ids: readonly string[] }
  | { readonly appId: string; readonly endpoint: string | undefined };

export interface LetterQuery {
  readonly appId: string | undefined;
  readonly endpoint: string | undefined;
  readonly limit: number;
  /** Where the page before ended; undefined for the first. */
  readonly cursor: string | undefined;
}

export interface LetterPage {
  readonly letters: readonly DeadLetter[];
  /** Where to go on; undefined on the last page. */
  readonly cursor: string | undefined;
}

export interface DeadLetters {
  /** Keeps events, each as a letter of its own. When there is no room, the oldest letters are lost, and it is logged. */
  add(undelivered: readonly Undelivered[]): Eventual<void>;
  /** A page of letters, the oldest first. Letters that come or go between two pages don't shift the second. */
  list(query: LetterQuery): Eventual<LetterPage>;
  /**
   * Takes letters out, the oldest first. Two callers never get the same letter. Who takes them says what became of each
   * by `forget` or `restore`; where letters outlive the node, those of a caller that died come back after a minute.
   */
  take(selection: LetterSelection): Eventual<readonly DeadLetter[]>;
  /** Ends letters that were taken: they were sent on or thrown away. */
  forget(letters: readonly DeadLetter[]): Eventual<void>;
  /** Puts back letters that were taken, as they were: same id, same time. They are listed last. */
  restore(letters: readonly DeadLetter[]): Eventual<void>;
}
