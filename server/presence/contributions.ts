/**
 * What this node contributes to the cluster's presence: what it wants to be true, and what Redis has of it. The two
 * differ while a step is under way, and after one that failed; steps are repeated until they agree.
 */
import { contribution, SHARDS, shardOf } from '../redis/keys.ts';
import { shardOfUser } from './presence-steps.ts';
import type { Member } from './presence-store.ts';

/** One thing contributed. `name` is a channel's, for a user the user's id. */
export interface Contribution {
  /** As in the node's hash. */
  readonly field: string;
  readonly kind: 'count' | 'member' | 'user';
  readonly appId: string;
  readonly name: string;
  readonly shard: number;
  /** Of kind `member`; undefined as long as only Redis knows of it. */
  member: Member | undefined;
  /** Of kind `member`. */
  readonly userId: string;
  /** Connections; of the other kinds 1 or 0. 0: it is to be taken away. */
  wanted: number;
  /** The same as Redis had it after the last step whose end is known. */
  written: number;
  /** False after a step whose end nobody knows. */
  certain: boolean;
  /** Counts up with every wish, so that a step that failed knows whether it was the last. */
  wishes: number;
  /** Counts up when a step about it begins, and when it ends: odd while one is under way. */
  turns: number;
}

export class Contributions {
  readonly #all = new Map<string, Contribution>();
  readonly #byShard: ReadonlyArray<Set<Contribution>> = Array.from({ length: SHARDS }, () => new Set());

  count(appId: string, channel: string): Contribution {
    const field = contribution.subscriptions(appId, channel);
    return this.#at(field, () => made(field, 'count', appId, channel, shardOf(appId, channel)));
  }

  member(appId: string, channel: string, userId: string): Contribution {
    const field = contribution.member(appId, channel, userId);
    return this.#at(field, () => made(field, 'member', appId, channel, shardOf(appId, channel), userId));
  }

  /** Whether this node has connections of a member. */
  wantsMember(appId: string, channel: string, userId: string): boolean {
    const one = this.#all.get(contribution.member(appId, channel, userId));
    return one !== undefined && one.wanted > 0;
  }

  user(appId: string, userId: string): Contribution {
    const field = contribution.online(appId, userId);
    return this.#at(field, () => made(field, 'user', appId, userId, shardOfUser(appId, userId)));
  }

  all(): Iterable<Contribution> {
    return this.#all.values();
  }

  of(shard: number): Iterable<Contribution> {
    return this.#byShard[shard] ?? [];
  }

  /** The one with a field of this node's hash; made if it is not known here. Undefined for a field that is none. */
  ofField(field: string): Contribution | undefined {
    const [app = '', name, ...rest] = field.slice(1).split('\n');
    if (name === undefined) return undefined;
    switch (field[0]) {
      case 'c':
        return this.count(app, name);
      case 'm':
        return this.member(app, name, rest.join('\n'));
      case 'u':
        return this.user(app, [name, ...rest].join('\n'));
      default:
        return undefined;
    }
  }

  /** Forgets what is neither wanted nor written. */
  settle(one: Contribution): void {
    if (one.wanted > 0 || one.written > 0 || !one.certain || this.#all.get(one.field) !== one) return;
    this.#all.delete(one.field);
    this.#byShard[one.shard]?.delete(one);
  }

  /**
   * The one that is known for the same thing now: another, if this one was forgotten while a step about it was under way
   * and the thing was wanted again since. Forgotten without a successor, it is known again.
   */
  current(one: Contribution): Contribution {
    return this.#at(one.field, () => one);
  }

  #at(field: string, make: () => Contribution): Contribution {
    let one = this.#all.get(field);
    if (one === undefined) {
      one = make();
      this.#all.set(field, one);
      this.#byShard[one.shard]?.add(one);
    }
    return one;
  }
}

function made(
  field: string,
  kind: Contribution['kind'],
  appId: string,
  name: string,
  shard: number,
  userId = '',
): Contribution {
  return {
    field,
    kind,
    appId,
    name,
    shard,
    userId,
    member: undefined,
    wanted: 0,
    written: 0,
    certain: true,
    wishes: 0,
    turns: 0,
  };
}
