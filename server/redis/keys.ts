/** The names of everything Carillon has in Redis, spelled here and nowhere else. docs/clustering.md has the table. */

/** Shards that channels and users are spread over. All nodes of a cluster must agree on it. */
export const SHARDS = 64;

/** What a pub/sub channel carries. */
export interface Topic {
  readonly appId: string;
  readonly topic: string;
}

/** The shard of what an app calls by a name: a channel, a topic, a user. FNV-1a, folded. */
export function shardOf(appId: string, name: string): number {
  const text = `${appId}\n${name}`;
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  hash ^= hash >>> 16;
  return (hash ^ (hash >>> 8)) & (SHARDS - 1);
}

export class RedisKeys {
  readonly #prefix: string;

  /** @param prefix what every key and pub/sub channel starts with, without braces */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** Sorted set: node id → when its lease ends. */
  leases(): string {
    return `${this.#prefix}{nodes}:leases`;
  }

  /** Sorted set: node ids that were swept, or went by themselves → until when they are remembered. */
  swept(): string {
    return `${this.#prefix}{nodes}:swept`;
  }

  /** Sorted set: nodes being swept → until when that is left to whoever does it. */
  sweeping(): string {
    return `${this.#prefix}{nodes}:sweeping`;
  }

  /** There while nodes may be putting back what Redis has lost. */
  restoring(): string {
    return `${this.#prefix}{nodes}:restoring`;
  }

  /** Pub/sub channel that every node follows. */
  control(): string {
    return `${this.#prefix}{nodes}:control`;
  }

  /** Pub/sub channel: revocations, for every node. */
  revocations(): string {
    return `${this.#prefix}{nodes}:revocations`;
  }

  /** Pub/sub channel: questions to one node. */
  inbox(nodeNumber: number): string {
    return `${this.#prefix}{nodes}:inbox:${nodeNumber}`;
  }

  /** Written and deleted by the check at the start of a node. */
  check(): string {
    return `${this.#prefix}{nodes}:check`;
  }

  /** Hash: what a node contributed to a shard. Its fields are those of the three functions below. */
  node(shard: number, nodeId: string): string {
    return `${this.#prefix}{${shard}}:node:${nodeId}`;
  }

  /** The node was swept from this shard: `dead`, or `left` in good order. */
  gone(shard: number, nodeId: string): string {
    return `${this.#prefix}{${shard}}:gone:${nodeId}`;
  }

  /** Subscriptions of a channel in the cluster. */
  subscriptions(appId: string, channel: string): string {
    return this.#named('subs', appId, channel);
  }

  /** Hash: a presence channel's members. */
  members(appId: string, channel: string): string {
    return this.#named('members', appId, channel);
  }

  /** Set: the occupied channels of an app in a shard. */
  channels(shard: number, appId: string): string {
    return `${this.#prefix}{${shard}}:channels:${appId}`;
  }

  /** Hash: the last event of a cache channel. */
  cache(appId: string, channel: string): string {
    return this.#named('cache', appId, channel);
  }

  /** There while backends need not be told again that a cache channel was found empty. */
  cacheMiss(appId: string, channel: string): string {
    return this.#named('miss', appId, channel);
  }

  /** When a rate limiter's bucket is full again. */
  bucket(name: string): string {
    return `${this.#prefix}{${shardOf('', name)}}:rate:${name}`;
  }

  /** When a user's last connection on a node was closed. */
  departure(appId: string, userId: string): string {
    return this.#named('left', appId, userId);
  }

  /** When a user's grants were revoked. */
  revocation(appId: string, userId: string): string {
    return this.#named('revoked', appId, userId);
  }

  /** Stream: webhook events of a shard. */
  webhooks(shard: number): string {
    return `${this.#prefix}{${shard}}:webhooks`;
  }

  /** Sorted set: ends of stays that wait for a return. */
  grace(shard: number): string {
    return `${this.#prefix}{${shard}}:grace`;
  }

  /** Pub/sub channel: the shard's stream or grace list has something for those who deliver. */
  wake(shard: number): string {
    return `${this.#prefix}{${shard}}:wake`;
  }

  /** Any further key of a shard: whoever keeps it describes it in the table. */
  ofShard(shard: number, kind: string): string {
    return `${this.#prefix}{${shard}}:${kind}`;
  }

  /** A key of each of the tags there are. */
  samples(): readonly string[] {
    return [this.leases(), ...Array.from({ length: SHARDS }, (_, shard) => this.ofShard(shard, ''))];
  }

  /** Pub/sub channel of a topic. */
  topic(appId: string, topic: string): string {
    return this.#named('t', appId, topic);
  }

  /** What `topic` made a pub/sub channel of; undefined for any other pub/sub channel. */
  parseTopic(channel: string): Topic | undefined {
    const start = channel.indexOf('}:t:', this.#prefix.length);
    const end = channel.indexOf('\n', start);
    if (!channel.startsWith(`${this.#prefix}{`) || start < 0 || end < 0) return undefined;
    return { appId: channel.slice(start + 4, end), topic: channel.slice(end + 1) };
  }

  #named(kind: string, appId: string, name: string): string {
    return `${this.#prefix}{${shardOf(appId, name)}}:${kind}:${appId}\n${name}`;
  }
}

/** Fields of a node's hash. App ids and channel names have no line end, so that a user id may have any. */
export const contribution = {
  subscriptions: (appId: string, channel: string): string => `c${appId}\n${channel}`,
  member: (appId: string, channel: string, userId: string): string => `m${appId}\n${channel}\n${userId}`,
  online: (appId: string, userId: string): string => `u${appId}\n${userId}`,
} as const;
