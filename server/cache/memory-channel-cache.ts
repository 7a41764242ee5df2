/** Cached events in this process, bounded in number and bytes; the least recently written go first. See the port. */
import type { Broker } from '../broker/broker.ts';
import type { EventPublication } from '../broker/publications.ts';
import type { Clock } from '../lib/clock.ts';
import type { Eventual } from '../lib/eventual.ts';
import type { CachedEvent, ChannelCache } from './channel-cache.ts';
import { RecentMisses } from './recent-misses.ts';

export interface MemoryChannelCacheSettings {
  readonly maxEntries: number;
  /** Bytes of names and data, counted as two per character. */
  readonly maxBytes: number;
}

interface Kept extends Omit<CachedEvent, 'ttlMs'> {
  /** Milliseconds since the epoch at which it is forgotten. */
  readonly expiresAt: number;
}

const bytesOf = (key: string, { event, data }: Kept): number => 2 * (key.length + event.length + data.length);

export class MemoryChannelCache implements ChannelCache {
  /** In the order of writing: the first is the first to go. */
  readonly #events = new Map<string, Kept>();
  readonly #misses: RecentMisses;
  readonly #settings: MemoryChannelCacheSettings;
  readonly #broker: Pick<Broker, 'publish'>;
  readonly #clock: Clock;
  #bytes = 0;

  constructor(settings: MemoryChannelCacheSettings, broker: Pick<Broker, 'publish'>, clock: Clock) {
    this.#settings = settings;
    this.#broker = broker;
    this.#clock = clock;
    this.#misses = new RecentMisses(clock);
  }

  publish(publication: EventPublication, ttlMs: number): Eventual<void> {
    const { appId, topic, event, data } = publication;
    const key = keyOf(appId, topic);
    this.#set(key, { event, data: data.text, expiresAt: this.#clock.now() + ttlMs });
    this.#misses.forget(key);
    return this.#broker.publish(publication);
  }

  get(appId: string, channel: string): CachedEvent | undefined {
    const key = keyOf(appId, channel);
    const kept = this.#events.get(key);
    if (kept === undefined) return undefined;
    const ttlMs = kept.expiresAt - this.#clock.now();
    if (ttlMs > 0) return { event: kept.event, data: kept.data, ttlMs };
    this.#delete(key);
    return undefined;
  }

  firstMiss(appId: string, channel: string, forMs: number): boolean {
    return this.#misses.first(keyOf(appId, channel), forMs);
  }

  #set(key: string, event: Kept): void {
    this.#delete(key);
    this.#events.set(key, event);
    this.#bytes += bytesOf(key, event);
    for (const oldest of this.#events.keys()) {
      if (this.#events.size <= this.#settings.maxEntries && this.#bytes <= this.#settings.maxBytes) break;
      this.#delete(oldest);
    }
  }

  #delete(key: string): void {
    const event = this.#events.get(key);
    if (event === undefined) return;
    this.#events.delete(key);
    this.#bytes -= bytesOf(key, event);
  }
}

/** App ids have no slash. */
const keyOf = (appId: string, channel: string): string => `${appId}/${channel}`;
