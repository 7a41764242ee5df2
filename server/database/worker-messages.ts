/** What the thread that asks and the thread that holds SQLite say to each other. */
import type { StorableValue } from './checked-values.ts';

/** `workerData` of the worker. */
export interface WorkerStart {
  /** Folder of the database; made if it isn't there. */
  readonly folder: string;
}

export type WorkerRequest =
  | {
      readonly id: number;
      readonly kind: 'query';
      readonly sql: string;
      readonly values: readonly StorableValue[];
      /** A transaction begins with it. */
      readonly begins: boolean;
    }
  /** Both are fine when nothing has begun. */
  | { readonly id: number; readonly kind: 'commit' | 'rollback' }
  /** The last request: everything before it has been answered. */
  | { readonly id: number; readonly kind: 'close' };

export interface WorkerResult {
  readonly rows: unknown[];
  /** Rows that a statement without result changed. */
  readonly changes: number | undefined;
}

export interface WorkerFailure {
  /** Undefined: not SQLite's, but a mistake of ours. */
  readonly code: string | undefined;
  readonly message: string;
}

/** The answer to a request, or with id 0 to the start. */
export type WorkerReply =
  | { readonly id: number; readonly ok: true; readonly result: WorkerResult }
  | { readonly id: number; readonly ok: false; readonly failure: WorkerFailure };
