/** An address that an application's webhooks go to, and which of them. */
import type { WebhookKind } from '../../protocol/index.ts';
import type { WebhookFilter, WebhookSettings } from '../apps/app.ts';

/** An endpoint's requests under way at once. More would divide batches further, fewer slow down a distant receiver. */
const LANES = 8;

/** One of the ordered parts of an endpoint: a channel's events all go by one lane, one request after the other. */
export interface Lane {
  readonly endpoint: WebhookEndpoint;
  /** From 0. */
  readonly index: number;
  /** The one channel of a lane that was split off another; undefined for those that an endpoint always has. */
  readonly channel: string | undefined;
}

/** Settings ready for use; all of an endpoint that may change while it is one. */
interface CurrentSettings {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly batch: boolean;
  readonly kinds: ReadonlySet<WebhookKind>;
  readonly filter: WebhookFilter;
  readonly pattern: RegExp | undefined;
}

function currentSettings({ url, headers, batch, events, filter }: WebhookSettings): CurrentSettings {
  const pattern = filter.pattern === undefined ? undefined : new RegExp(filter.pattern);
  return { url: new URL(url), headers, batch, kinds: new Set(events), filter, pattern };
}

export class WebhookEndpoint {
  readonly appId: string;
  /**
   * What operators call it: its address without the query, which may hold secrets; `#2` and so on behind those of an
   * app that would have the same.
   */
  readonly name: string;
  readonly lanes: readonly Lane[];
  /** True once the app has no such endpoint any more: what is queued for it becomes dead letters. */
  removed = false;
  #now: CurrentSettings;

  constructor(appId: string, name: string, settings: WebhookSettings) {
    this.appId = appId;
    this.name = name;
    this.lanes = Array.from({ length: LANES }, (_, index) => ({
      endpoint: this,
      index,
      channel: undefined,
    }));
    this.#now = currentSettings(settings);
  }

  get url(): URL {
    return this.#now.url;
  }

  get headers(): Readonly<Record<string, string>> {
    return this.#now.headers;
  }

  /** False: one event per request. */
  get batch(): boolean {
    return this.#now.batch;
  }

  /** Goes on under the same name with other settings: what is queued stays queued, in its order. */
  update(settings: WebhookSettings): void {
    this.#now = currentSettings(settings);
  }

  /** Whether it wants events of a kind, of some channel at least. */
  wants(kind: WebhookKind): boolean {
    return this.#now.kinds.has(kind);
  }

  /** Whether an event goes here: its kind is wanted and the channel's name passes every part of the filter. */
  accepts({ name, channel }: { readonly name: WebhookKind; readonly channel: string }): boolean {
    const { kinds, filter, pattern } = this.#now;
    if (!kinds.has(name)) return false;
    const { prefix, suffix } = filter;
    if (prefix !== undefined && !channel.startsWith(prefix)) return false;
    if (suffix !== undefined && !channel.endsWith(suffix)) return false;
    return pattern === undefined || pattern.test(channel);
  }

  laneOf(channel: string): Lane {
    return this.lanes[hashOf(channel) % LANES] as Lane;
  }
}

/** FNV-1a: spreads names that differ in their last characters, as channels' do. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}
