/** Failures that whoever asked may try again after: they are nobody's mistake, and pass. */
import { DatabaseUnavailable } from '../database/database-error.ts';
import { Unavailable } from '../lib/unavailable.ts';
import { PushQueueFull } from '../push/push-queue.ts';

/** Whether a part that a push door needs is away, or has no room for the moment. */
export function isPassing(error: unknown): boolean {
  return (
    error instanceof DatabaseUnavailable || error instanceof Unavailable || error instanceof PushQueueFull
  );
}
