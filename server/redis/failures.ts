/** What ioredis rejects with, in our own terms. Its errors carry the command and its arguments: they must not get out. */
import { ReplyError } from 'ioredis';
import { type Done, Unavailable } from '../lib/unavailable.ts';

/** Answers of a Redis that is there and can't serve now; nothing was done. */
const NOT_NOW = /^(LOADING|CLUSTERDOWN|MASTERDOWN|READONLY|TRYAGAIN|NOREPLICAS|MISCONF|OOM|BUSY|UNBLOCKED)\b/;
/** Nothing was sent: there is no connection. */
const NEVER_SENT =
  /(isn't writeable|isn't ready|Cluster is ended|Failed to refresh slots|all retries? failed)/i;

/** Whether Redis itself answered with an error. */
export function isReplyError(error: unknown): error is Error {
  return error instanceof ReplyError;
}

/** A failure of Redis as an error that may be logged and shown: `Unavailable` unless Redis refused the command as such. */
export function redisFailure(error: unknown): Error {
  if (error instanceof Unavailable) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (isReplyError(error)) {
    if (NOT_NOW.test(message)) return new Unavailable(`Redis can't serve now: ${message}`, 'no');
    return new Error(`Redis refused a command: ${message.slice(0, 300)}`);
  }
  const done: Done = NEVER_SENT.test(message) ? 'no' : 'unknown';
  return new Unavailable(`Redis can't be reached: ${message.slice(0, 300)}`, done);
}

/** Whether the connection is to be doubted: it neither answers nor closes. */
export function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.message === 'Command timed out';
}

/** Why a connection failed, in words. A Cluster keeps what its nodes said beside its own error. */
export function reasonOf(error: unknown): string {
  const last = error instanceof Error && 'lastNodeError' in error ? error.lastNodeError : undefined;
  const { message } =
    last instanceof Error ? last : error instanceof Error ? error : { message: String(error) };
  return message === '' && error instanceof Error && 'code' in error
    ? String(error.code)
    : message.slice(0, 300);
}
