/**
 * What this node receives from Redis: asked for, confirmed, and asked for again after every loss of a connection. One
 * listener a channel.
 */
import type { Clock } from '../lib/clock.ts';
import type { OccasionalLog } from '../lib/occasional-log.ts';
import { Unavailable } from '../lib/unavailable.ts';
import { isReplyError, redisFailure } from './failures.ts';
import type { Links } from './links.ts';
import type { LinkEvents, SubscriberLink } from './subscriber-link.ts';
import { Waiters } from './waiters.ts';

/** @param since when the first of the channels was lost, in milliseconds since the epoch */
export type GapListener = (channels: readonly string[], since: number) => void;

export type MessageListener = (message: Buffer) => void;

interface Entry {
  readonly channel: string;
  readonly listener: MessageListener;
  /** Where it was asked for, and on which of that link's connections. */
  link: SubscriberLink | undefined;
  epoch: number;
  confirmed: boolean;
  /** When it was lost after having been confirmed: messages may have been missed since. */
  gapSince: number | undefined;
  readonly waiting: Waiters;
}

interface Gap {
  readonly channel: string;
  readonly since: number;
}

/** Channels in one command. */
const CHUNK = 500;
/** Milliseconds until a subscription that Redis refused is tried again. */
const RETRY_MS = 200;

export interface SubscriptionPorts {
  readonly links: Links;
  readonly clock: Clock;
  readonly log: OccasionalLog;
}

export class Subscriptions {
  readonly #links: Links;
  readonly #clock: Clock;
  readonly #log: OccasionalLog;
  readonly #waitMs: number;
  readonly #entries = new Map<string, Entry>();
  /** Entries that are on no connection. */
  readonly #unsent = new Set<Entry>();
  readonly #gapListeners: GapListener[] = [];
  #flushing = false;
  #closed = false;

  /** @param waitMs how long a subscription waits for a connection before it is refused */
  constructor(waitMs: number, { links, clock, log }: SubscriptionPorts) {
    this.#waitMs = waitMs;
    this.#links = links;
    this.#clock = clock;
    this.#log = log;
  }

  start(): void {
    const events: LinkEvents = {
      opened: () => this.#flush(),
      lost: (link) => this.#lost(link),
      message: (channel, message) => {
        const entry = this.#entries.get(channel);
        if (entry !== undefined) entry.listener(message);
      },
      moved: () => this.#links.refresh(),
      failed: (error) => {
        this.#links.refresh();
        this.#log.warn('subscriber', { reason: error.message }, 'Redis connection failed');
      },
    };
    this.#links.start(events, () => this.#reroute());
  }

  /** Channels that were lost for a while and are received again: what was published meanwhile is missing. */
  onGap(listener: GapListener): void {
    this.#gapListeners.push(listener);
  }

  /**
   * Receives a channel from now on; done when Redis confirmed, so that nothing published afterwards is missed.
   * Rejects with `Unavailable` when Redis stays away too long: it goes on trying until `unsubscribe`.
   */
  subscribe(channel: string, listener: MessageListener): Promise<void> {
    let entry = this.#entries.get(channel);
    if (entry === undefined) {
      entry = {
        channel,
        listener,
        link: undefined,
        epoch: 0,
        confirmed: false,
        gapSince: undefined,
        waiting: new Waiters(),
      };
      this.#entries.set(channel, entry);
      this.#unsent.add(entry);
      this.#flushSoon();
    }
    if (entry.confirmed) return Promise.resolve();
    const late = (): Error =>
      new Unavailable(`Redis didn't confirm a subscription within ${this.#waitMs} ms`, 'no');
    return entry.waiting.wait(this.#waitMs, this.#clock, late);
  }

  /** Stops receiving a channel. Whoever still waits for it is told so. */
  unsubscribe(channel: string): void {
    const entry = this.#entries.get(channel);
    if (entry === undefined) return;
    this.#entries.delete(channel);
    this.#unsent.delete(entry);
    if (entry.link !== undefined && entry.link.epoch === entry.epoch) entry.link.unsubscribe([channel]);
    entry.waiting.settle(new Unavailable('The subscription was given up', 'no'));
  }

  /** Done when all that Redis had for the channels before this was called has been received. Never rejects. */
  async caughtUp(channels: readonly string[]): Promise<void> {
    const links = new Set(channels.map((channel) => this.#entries.get(channel)?.link));
    await Promise.all([...links].map((link) => link?.caughtUp()));
  }

  /** Whether a channel was asked for. */
  follows(channel: string): boolean {
    return this.#entries.has(channel);
  }

  /** Whether a channel is not received for the moment although it was asked for, and was before. */
  isInterrupted(channel: string): boolean {
    return this.#entries.get(channel)?.gapSince !== undefined;
  }

  close(): void {
    this.#closed = true;
    this.#links.close();
    for (const entry of this.#entries.values())
      entry.waiting.settle(new Unavailable('The node is stopping', 'no'));
    this.#entries.clear();
    this.#unsent.clear();
  }

  #lost(link: SubscriberLink): void {
    for (const entry of this.#entries.values()) if (entry.link === link) this.#drop(entry);
    // Another node may have taken over.
    this.#links.refresh();
  }

  /** The entry is on no connection any more. */
  #drop(entry: Entry): void {
    entry.link = undefined;
    if (entry.confirmed) entry.gapSince ??= this.#clock.now();
    entry.confirmed = false;
    this.#unsent.add(entry);
  }

  #reroute(): void {
    for (const entry of this.#entries.values()) {
      if (entry.link === undefined || this.#links.of(entry.channel) === entry.link) continue;
      if (entry.link.epoch === entry.epoch) entry.link.unsubscribe([entry.channel]);
      this.#drop(entry);
    }
    this.#flush();
  }

  /** What is asked for in one turn of the loop goes in one command. */
  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#closed) return;
    const chunks = new Map<string, { readonly link: SubscriberLink; readonly entries: Entry[] }>();
    const full: Array<{ readonly link: SubscriberLink; readonly entries: Entry[] }> = [];
    for (const entry of this.#unsent) {
      const link = this.#links.of(entry.channel);
      if (link === undefined || link.epoch === 0) continue;
      this.#unsent.delete(entry);
      entry.link = link;
      entry.epoch = link.epoch;
      // One command is about one slot; where there are no slots, nothing is lost by keeping to it.
      const tag = entry.channel.slice(0, entry.channel.indexOf('}'));
      const chunk = chunks.get(tag) ?? { link, entries: [] };
      chunk.entries.push(entry);
      if (chunk.entries.length < CHUNK) chunks.set(tag, chunk);
      else {
        chunks.delete(tag);
        full.push(chunk);
      }
    }
    full.push(...chunks.values());
    if (full.length === 0) return;
    Promise.all(full.map(({ link, entries }) => this.#send(link, entries))).then((sent) => {
      const regained = sent.flat();
      if (regained.length === 0) return;
      const channels = regained.map(({ channel }) => channel);
      const since = regained.reduce((first, gap) => Math.min(first, gap.since), Number.POSITIVE_INFINITY);
      for (const listener of this.#gapListeners) listener(channels, since);
    });
  }

  /** Returns what has a gap behind it. */
  async #send(link: SubscriberLink, entries: readonly Entry[]): Promise<Gap[]> {
    const { epoch } = link;
    const current = (entry: Entry): boolean =>
      this.#entries.get(entry.channel) === entry && entry.link === link && entry.epoch === epoch;
    try {
      await link.subscribe(entries.map(({ channel }) => channel));
    } catch (error) {
      this.#refused(entries.filter(current), error);
      return [];
    }
    if (link.epoch !== epoch) return [];
    const regained: Gap[] = [];
    for (const entry of entries) {
      if (!current(entry)) continue;
      if (entry.gapSince !== undefined) regained.push({ channel: entry.channel, since: entry.gapSince });
      entry.gapSince = undefined;
      entry.confirmed = true;
      entry.waiting.settle();
    }
    return regained;
  }

  #refused(entries: readonly Entry[], error: unknown): void {
    const failure = redisFailure(error);
    for (const entry of entries) {
      this.#drop(entry);
      // Not a matter of waiting: rights are missing.
      if (isReplyError(error) && error.message.startsWith('NOPERM')) entry.waiting.settle(failure);
    }
    if (isReplyError(error))
      this.#log.warn('subscribe', { reason: failure.message }, 'Redis refused a subscription');
    this.#links.refresh();
    if (entries.length > 0) this.#clock.after(RETRY_MS, () => this.#flush());
  }
}
