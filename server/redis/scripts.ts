/** Lua scripts: atomic steps, each on keys of one shard, so that they run on a single Redis and on a Cluster alike. */
import { createHash } from 'node:crypto';
import { isReplyError } from './failures.ts';

export interface Script {
  readonly lua: string;
  readonly sha: string;
}

export function script(lua: string): Script {
  return { lua, sha: createHash('sha1').update(lua).digest('hex') };
}

export type ScriptArgument = string | number | Buffer;

/** What runs scripts: a connection of ioredis. */
export interface ScriptClient {
  evalsha(sha: string, keyCount: number, ...rest: ScriptArgument[]): Promise<unknown>;
  eval(lua: string, keyCount: number, ...rest: ScriptArgument[]): Promise<unknown>;
}

/**
 * Runs a script by its digest; the text goes over the first time, so that it keeps its place among the commands, and where
 * Redis doesn't know it. Strings come back decoded.
 * @param keys of one shard; the first decides the Cluster node
 * @param sent digests of the scripts whose text went over; this one's is added
 */
export function runScript(
  client: ScriptClient,
  { lua, sha }: Script,
  keys: readonly string[],
  args: readonly ScriptArgument[],
  sent: Set<string>,
): Promise<unknown> {
  if (!sent.has(sha)) {
    sent.add(sha);
    return client.eval(lua, keys.length, ...keys, ...args);
  }
  return client.evalsha(sha, keys.length, ...keys, ...args).catch((error: unknown) => {
    if (!isReplyError(error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return client.eval(lua, keys.length, ...keys, ...args);
  });
}
