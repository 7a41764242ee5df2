/** The scripts of presence as calls: values in, values out. See `presence-lua.ts` for what each step does. */
import {
  channelType,
  memberAdded,
  memberRemoved,
  quote,
  subscriptionCount,
  WEBHOOK_KINDS,
  watchlistEvents,
} from '../../protocol/index.ts';
import type { AppRegistry } from '../apps/app-registry.ts';
import { watchTopic } from '../broker/topics.ts';
import type { Ids } from '../lib/ids.ts';
import { Unavailable } from '../lib/unavailable.ts';
import { type RedisKeys, shardOf } from '../redis/keys.ts';
import type { Script, ScriptArgument } from '../redis/scripts.ts';
import { type WebhookLuaSettings, webhookArgs, webhookKeys } from '../redis/webhook-lua.ts';
import { storedJson } from '../webhooks/stored-event.ts';
import type { WebhookSink } from '../webhooks/webhook-queue.ts';
import { COUNT, FENCE, JOIN, LEAVE, SIGNED_IN, SIGNED_OUT, TELL_COUNT } from './presence-lua.ts';
import type { Counted, Member } from './presence-store.ts';

/** Runs a script where its keys are; rejects with `Unavailable` when Redis doesn't answer. */
export type RunScript = (
  script: Script,
  keys: readonly string[],
  args: readonly ScriptArgument[],
) => Promise<unknown>;

/** For whom a step is taken: a node that lives, one that was swept, or one that puts back what Redis lost. */
export interface Actor {
  readonly nodeId: string;
  /** See `presence-lua.ts`. */
  readonly mode: 'live' | 'held' | 'sweep' | 'quiet' | 'remind';
  /** What Redis has of it for certain; 0 for nothing, and where nobody is sure. */
  readonly has: number;
  /** Counts up whenever nobody knows what became of a step: those of earlier epochs are over. */
  readonly epoch: number;
}

/** The node was swept: others took it for dead. Whatever it wants to contribute it must contribute under a new id. */
export class SweptError extends Error {}

/** Redis has lost what the node contributed: it must be put back before anything is done about it. */
export class LostError extends Error {}

/** What is asked for may have begun long ago: others may still be putting back what Redis has lost. Nothing was done. */
export class HeldError extends Error {}

/** A member as the roster in Redis has it. */
export interface RosterEntry {
  readonly userId: string;
  /** JSON text of an object; undefined if there is none. */
  readonly userInfo: string | undefined;
}

export interface RosterSnapshot {
  readonly version: number;
  /** In the order they joined. */
  readonly entries: readonly RosterEntry[];
}

export type JoinReply =
  | {
      readonly joined: true;
      readonly added: boolean;
      readonly version: number;
      /** If it was asked for. */
      readonly snapshot: RosterSnapshot | undefined;
    }
  | { readonly joined: false };

export interface PresenceStepPorts {
  readonly run: RunScript;
  readonly keys: RedisKeys;
  readonly registry: Pick<AppRegistry, 'byId'>;
  readonly webhooks: Pick<WebhookSink, 'wants'>;
  readonly webhookLua: WebhookLuaSettings;
  readonly ids: Ids;
}

/** The shard of a user's standing: that of the topic on which it is announced. */
export const shardOfUser = (appId: string, userId: string): number => shardOf(appId, watchTopic(userId));

export class PresenceSteps {
  readonly #ports: PresenceStepPorts;

  constructor(ports: PresenceStepPorts) {
    this.#ports = ports;
  }

  /** A node's subscriptions to a channel are `count` now. */
  async count(
    actor: Actor,
    appId: string,
    channel: string,
    count: number,
    joiner: string | undefined,
  ): Promise<Counted> {
    const tells = this.tellsCount(appId, channel) ? '1' : '0';
    const args = [channel, count, joiner ?? '', tells, ...tellingCount(channel)];
    const [, total, told] = await this.#step(COUNT, actor, appId, shardOf(appId, channel), args);
    return { subscriptions: Number(total), told: told === 1 };
  }

  async tellCount(actor: Actor, appId: string, channel: string): Promise<void> {
    const args = [channel, ...tellingCount(channel)];
    await this.#step(TELL_COUNT, actor, appId, shardOf(appId, channel), args);
  }

  /** Whether subscribers of a channel are told how many they are. */
  tellsCount(appId: string, channel: string): boolean {
    return channelType(channel).kind !== 'presence' && this.countsMatter(appId);
  }

  /** Whether anybody may see how many subscribe to a channel of the app, be it by asking. */
  countsMatter(appId: string): boolean {
    return this.#ports.registry.byId(appId)?.features.subscriptionCounts === true;
  }

  async join(
    actor: Actor,
    appId: string,
    channel: string,
    { userId, userInfo }: Member,
    options: { readonly socketId: string; readonly maxMembers: number; readonly wantsRoster: boolean },
  ): Promise<JoinReply> {
    const reply = await this.#step(JOIN, actor, appId, shardOf(appId, channel), [
      channel,
      userId,
      quote(userId),
      userInfo ?? '',
      options.socketId,
      options.maxMembers,
      memberAdded(channel, userId, userInfo),
      options.wantsRoster ? '1' : '0',
    ]);
    if (reply[0] === 'full') return { joined: false };
    const [, version, added, roster] = reply as [string, string, number, string[]];
    const snapshot = options.wantsRoster ? snapshotOf(roster) : undefined;
    return { joined: true, added: added === 1, version: Number(version), snapshot };
  }

  async leave(actor: Actor, appId: string, channel: string, userId: string): Promise<void> {
    const args = [channel, userId, quote(userId), memberRemoved(channel, userId)];
    await this.#step(LEAVE, actor, appId, shardOf(appId, channel), args);
  }

  async signedIn(actor: Actor, appId: string, userId: string): Promise<void> {
    await this.#standing(SIGNED_IN, actor, appId, userId, watchlistEvents([userId], []));
  }

  async signedOut(actor: Actor, appId: string, userId: string): Promise<void> {
    await this.#standing(SIGNED_OUT, actor, appId, userId, watchlistEvents([], [userId]));
  }

  /** What a node has contributed to a shard, by field; no step of an earlier epoch can change it any more. */
  async fence(nodeId: string, epoch: number, shard: number): Promise<Readonly<Record<string, string>>> {
    const { run, keys } = this.#ports;
    const flat = (await run(
      FENCE,
      [keys.node(shard, nodeId), keys.gone(shard, nodeId)],
      [epoch],
    )) as string[];
    if (flat[0] === 'gone') throw new SweptError('the node was swept');
    const fields: Record<string, string> = {};
    for (let at = 0; at + 1 < flat.length; at += 2) fields[flat[at] ?? ''] = flat[at + 1] ?? '';
    return fields;
  }

  async #standing(script: Script, actor: Actor, appId: string, userId: string, frame = ''): Promise<void> {
    await this.#step(script, actor, appId, shardOfUser(appId, userId), [userId, watchTopic(userId), frame]);
  }

  async #step(
    script: Script,
    { nodeId, mode, has, epoch }: Actor,
    appId: string,
    shard: number,
    args: readonly ScriptArgument[],
  ): Promise<readonly unknown[]> {
    const { run, keys, webhookLua, ids } = this.#ports;
    const reply = (await run(script, webhookKeys(keys, shard), [
      ...webhookArgs(keys, shard, webhookLua, ids.uniqueId()),
      keys.ofShard(shard, ''),
      nodeId,
      mode,
      appId,
      this.#wanted(appId),
      has,
      epoch,
      ...args,
    ])) as unknown[];
    if (reply[0] === 'gone') throw new SweptError('the node was swept');
    if (reply[0] === 'late') throw new Unavailable('another connection was faster', 'no');
    if (reply[0] === 'wait') throw new HeldError('others may be putting it back');
    if (reply[0] === 'lost') throw new LostError('Redis has lost what this node contributed');
    return reply;
  }

  /** The kinds of webhooks that an app wants, in one text. */
  #wanted(appId: string): string {
    const { webhooks } = this.#ports;
    return WEBHOOK_KINDS.filter((kind) => webhooks.wants(appId, kind)).join();
  }
}

/** A hash of members as Redis gives it: fields and values in turn. */
export function snapshotOf(flat: readonly string[]): RosterSnapshot | undefined {
  const entries: Array<RosterEntry & { readonly order: number }> = [];
  let version: number | undefined;
  for (let at = 0; at + 1 < flat.length; at += 2) {
    const [field = '', value = ''] = [flat[at], flat[at + 1]];
    if (field === 'v') version = Number(value);
    else {
      const first = value.indexOf(' ');
      const info = value.slice(value.indexOf(' ', first + 1) + 1);
      entries.push({
        userId: field.slice(1),
        userInfo: info === '' ? undefined : info,
        order: Number(value.slice(0, first)),
      });
    }
  }
  if (version === undefined) return undefined;
  return { version, entries: entries.sort((a, b) => a.order - b.order) };
}

/** A count's frame and its webhook, each without the count: what comes before it and what after. */
function tellingCount(channel: string): string[] {
  const event = { name: 'subscription_count', channel, subscriptionCount: 0 } as const;
  return [subscriptionCount(channel, 0), storedJson(event)].flatMap((text) => {
    const at = text.lastIndexOf('0');
    return [text.slice(0, at), text.slice(at + 1)];
  });
}
