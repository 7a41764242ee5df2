/**
 * Presence of a cluster, kept in Redis: transitions are decided by scripts there (`presence-lua.ts`), rosters are
 * answered from copies here (`roster-replica.ts`). See the port, and docs/clustering.md.
 */
import type { Clock } from '../lib/clock.ts';
import { onFailure } from '../lib/eventual.ts';
import type { Contribution, Contributions } from './contributions.ts';
import { NodeCounts } from './node-counts.ts';
import type { PresenceSteps } from './presence-steps.ts';
import type { ChannelSummary, Counted, JoinResult, Member, PresenceStore } from './presence-store.ts';
import type { RedisPresenceReads } from './redis-presence-reads.ts';
import type { RosterReplica } from './roster-replica.ts';
import type { RosterReplicas } from './roster-replicas.ts';
import type { StepRunner } from './step-runner.ts';

export interface RedisPresencePorts {
  readonly steps: PresenceSteps;
  readonly reads: RedisPresenceReads;
  readonly replicas: RosterReplicas;
  readonly runner: StepRunner;
  readonly contributions: Contributions;
  readonly clock: Clock;
}

export class RedisPresenceStore implements PresenceStore {
  readonly #ports: RedisPresencePorts;
  readonly #counts: NodeCounts;
  /** How long a leave waits for the user to come back elsewhere. */
  #handoverMs = 0;
  /** What has been left since, and is still kept. */
  #kept = 0;

  constructor(ports: RedisPresencePorts) {
    this.#ports = ports;
    this.#counts = new NodeCounts(ports);
  }

  /**
   * From here on clients go because they were sent to other nodes: what they leave is kept for `ms`, so that a user who
   * arrives there in that time was never gone.
   */
  handOver(ms: number): void {
    this.#handoverMs = ms;
  }

  /** Whether anything is kept for clients on their way. */
  get isHandingOver(): boolean {
    return this.#kept > 0;
  }

  subscribed(appId: string, channel: string, count: number, joiner?: string): Promise<Counted> {
    const change = (): Promise<Counted> => this.#counts.changed(appId, channel, count, joiner);
    if (count > 0 || this.#handoverMs === 0) return change();
    this.#later(this.#ports.contributions.count(appId, channel), change);
    return Promise.resolve({ subscriptions: 0, told: false });
  }

  async join(
    appId: string,
    channel: string,
    member: Member,
    socketId: string,
    maxMembers: number,
  ): Promise<JoinResult> {
    const { contributions, replicas } = this.#ports;
    const one = contributions.member(appId, channel, member.userId);
    one.member = member;
    one.wanted = 1;
    one.wishes += 1;
    const wish = one.wishes;
    const replica = replicas.enter(appId, channel);
    const giveUp = (): void => {
      replicas.leave(appId, channel);
      if (one.wishes === wish) one.wanted = 0;
    };
    try {
      const result = await this.#join(appId, channel, member, { socketId, maxMembers }, replica);
      if (result.joined) return result;
      giveUp();
      contributions.settle(one);
      return result;
    } catch (error) {
      giveUp();
      this.#ports.runner.owe(one);
      throw error;
    }
  }

  leave(appId: string, channel: string, userId: string): Promise<void> {
    const { contributions, replicas, runner, steps } = this.#ports;
    replicas.leave(appId, channel);
    const one = contributions.member(appId, channel, userId);
    const leave = (): Promise<void> => {
      one.wanted = 0;
      one.wishes += 1;
      return runner.takeAway(one, (actor) => steps.leave(actor, appId, channel, userId));
    };
    return this.#handoverMs === 0 ? leave() : this.#later(one, leave);
  }

  async signedIn(appId: string, userId: string): Promise<void> {
    const { contributions, runner, steps } = this.#ports;
    const one = contributions.user(appId, userId);
    one.wanted = 1;
    one.wishes += 1;
    await runner.take(one, 1, (actor) => steps.signedIn(actor, appId, userId));
  }

  signedOut(appId: string, userId: string): Promise<void> {
    const { contributions, runner, steps } = this.#ports;
    const one = contributions.user(appId, userId);
    const signOut = (): Promise<void> => {
      one.wanted = 0;
      one.wishes += 1;
      return runner.takeAway(one, (actor) => steps.signedOut(actor, appId, userId));
    };
    return this.#handoverMs === 0 ? signOut() : this.#later(one, signOut);
  }

  online(appId: string, userIds: readonly string[]): Promise<string[]> {
    return this.#ports.reads.online(appId, userIds);
  }

  channels(appId: string, prefix: string): Promise<Map<string, ChannelSummary>> {
    return this.#ports.reads.channels(appId, prefix);
  }

  channel(appId: string, channel: string): Promise<ChannelSummary> {
    return this.#ports.reads.channel(appId, channel);
  }

  members(appId: string, channel: string): Promise<string[]> {
    return this.#ports.reads.members(appId, channel);
  }

  async #join(
    appId: string,
    channel: string,
    member: Member,
    { socketId, maxMembers }: { readonly socketId: string; readonly maxMembers: number },
    replica: RosterReplica,
  ): Promise<JoinResult> {
    const { contributions, replicas, runner, steps } = this.#ports;
    const one = contributions.member(appId, channel, member.userId);
    let askedAt = 0;
    let asks = false;
    const inVain = (): void => {
      if (asks) replica.askedInVain();
    };
    const reply = await onFailure(
      runner.take(one, 1, (actor) => {
        askedAt = replica.version;
        // It may be tried again.
        asks ||= replica.asksForSnapshot();
        return steps.join(actor, appId, channel, member, { socketId, maxMembers, wantsRoster: asks });
      }),
      inVain,
    );
    if (!reply.joined) {
      inVain();
      one.written = 0;
      return reply;
    }
    const { added, version, snapshot } = reply;
    if (snapshot !== undefined) replicas.load(appId, channel, replica, snapshot, askedAt);
    const least = added ? askedAt + 1 : askedAt;
    await replicas.reached(appId, channel, replica, { userId: member.userId, version, least });
    return { joined: true, added, roster: replica.roster };
  }

  /** Takes it away then, unless it was wished for again here meanwhile: not all clients go at once. */
  #later(one: Contribution, take: () => Promise<unknown>): Promise<void> {
    this.#kept += 1;
    const { wishes } = one;
    this.#ports.clock.after(this.#handoverMs, () => {
      this.#kept -= 1;
      if (one.wishes !== wishes) return;
      take().catch(() => undefined);
    });
    return Promise.resolve();
  }
}
