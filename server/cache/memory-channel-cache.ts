/** Cached events in this process, bounded in number and bytes; the least recently written go first. See the port. */
import type { Clock } from '../lib/clock.ts';
import type { CachedEvent, ChannelCache } from './channel-cache.ts';

export interface MemoryChannelCacheSettings {
  readonly maxEntries: number;
  /** Bytes of names and data, counted as two per character. */
  readonly maxBytes: number;
}

const bytesOf = (key: string, event: CachedEvent): number =>
  2 * (key.length + event.event.length + event.data.length);

export class MemoryChannelCache implements ChannelCache {
  /** In the order of writing: the first is the first to go. */
  readonly #events = new Map<string, CachedEvent>();
  readonly #settings: MemoryChannelCacheSettings;
  readonly #clock: Clock;
  #bytes = 0;

  constructor(settings: MemoryChannelCacheSettings, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  set(appId: string, channel: string, event: CachedEvent): void {
    const key = `${appId}/${channel}`;
    this.#delete(key);
    this.#events.set(key, event);
    this.#bytes += bytesOf(key, event);
    for (const oldest of this.#events.keys()) {
      if (this.#events.size <= this.#settings.maxEntries && this.#bytes <= this.#settings.maxBytes) break;
      this.#delete(oldest);
    }
  }

  get(appId: string, channel: string): CachedEvent | undefined {
    const key = `${appId}/${channel}`;
    const event = this.#events.get(key);
    if (event === undefined || event.expiresAt > this.#clock.now()) return event;
    this.#delete(key);
    return undefined;
  }

  #delete(key: string): void {
    const event = this.#events.get(key);
    if (event === undefined) return;
    this.#events.delete(key);
    this.#bytes -= bytesOf(key, event);
  }
}
