/** Webhooks of Beams in memory, a bounded number of them: for a node without a database. See the port. */
import type { Ids } from '../../lib/ids.ts';
import type { Page, PageQuery } from '../device-store.ts';
import type {
  AttemptResult,
  BeamsWebhook,
  BeamsWebhookQueue,
  BeamsWebhookState,
  FailedBeamsWebhook,
  NewBeamsWebhook,
  WebhookTake,
} from './beams-webhook-queue.ts';

interface Entry {
  webhook: BeamsWebhook;
  state: BeamsWebhookState;
  /** Milliseconds since the epoch: due, or settled. */
  at: number;
  reason: string;
}

export class MemoryBeamsWebhookQueue implements BeamsWebhookQueue {
  readonly #capacity: number;
  readonly #ids: Ids;
  /** By id, the oldest first. */
  readonly #entries = new Map<string, Entry>();
  readonly #keys = new Set<string>();

  /** @param capacity webhooks kept; beyond it the oldest go */
  constructor(capacity: number, ids: Ids) {
    this.#capacity = capacity;
    this.#ids = ids;
  }

  async add(webhooks: readonly NewBeamsWebhook[]): Promise<void> {
    for (const webhook of webhooks) {
      if (this.#keys.has(webhook.key)) continue;
      const id = this.#ids.uniqueId();
      this.#keys.add(webhook.key);
      this.#entries.set(id, {
        webhook: { ...webhook, id, failures: 0 },
        state: 'waiting',
        at: webhook.createdAt,
        reason: '',
      });
    }
    for (const id of this.#entries.keys()) {
      if (this.#entries.size <= this.#capacity) break;
      this.#drop(id);
    }
  }

  async due(now: number): Promise<{ lanes: string[]; nextAt: number | undefined }> {
    const waiting = this.#of('waiting');
    const later = waiting.filter(({ at }) => at > now).map(({ at }) => at);
    return {
      lanes: [...new Set(waiting.filter(({ at }) => at <= now).map(({ webhook }) => webhook.lane))],
      nextAt: later.length === 0 ? undefined : later.reduce((first, at) => Math.min(first, at)),
    };
  }

  async take({ lane, now, until, limit }: WebhookTake): Promise<BeamsWebhook[]> {
    const taken = this.#of('waiting')
      .filter(({ webhook, at }) => webhook.lane === lane && at <= now)
      .sort((a, b) => a.at - b.at)
      .slice(0, limit);
    for (const entry of taken) entry.at = until;
    return taken.map(({ webhook }) => webhook);
  }

  async settle(id: string, result: AttemptResult, now: number): Promise<void> {
    const entry = this.#entries.get(id);
    if (entry?.state !== 'waiting') return;
    if (result.kind === 'delivered') Object.assign(entry, { state: 'delivered', at: now });
    else {
      entry.webhook = { ...entry.webhook, failures: entry.webhook.failures + 1 };
      entry.reason = result.reason;
      if (result.kind === 'again') entry.at = result.at;
      else Object.assign(entry, { state: 'failed', at: now });
    }
  }

  async failed(
    appId: string | undefined,
    { after = '', limit }: PageQuery,
  ): Promise<Page<FailedBeamsWebhook>> {
    const found = this.#of('failed')
      .filter(({ webhook }) => (appId === undefined || webhook.appId === appId) && webhook.id > after)
      .sort((a, b) => (a.webhook.id < b.webhook.id ? -1 : 1));
    const items = found
      .slice(0, limit)
      .map(({ webhook, reason, at }) => ({ ...webhook, reason, failedAt: at }));
    return { items, hasMore: found.length > limit };
  }

  async retry(appId: string, ids: readonly string[] | undefined, now: number): Promise<number> {
    const found = this.#of('failed').filter(
      ({ webhook }) => webhook.appId === appId && (ids === undefined || ids.includes(webhook.id)),
    );
    for (const entry of found) {
      entry.webhook = { ...entry.webhook, failures: 0 };
      Object.assign(entry, { state: 'waiting', at: now });
    }
    return found.length;
  }

  async forget(before: number): Promise<number> {
    const old = [...this.#entries].filter(([, { state, at }]) => state !== 'waiting' && at < before);
    for (const [id] of old) this.#drop(id);
    return old.length;
  }

  #of(state: BeamsWebhookState): Entry[] {
    return [...this.#entries.values()].filter((entry) => entry.state === state);
  }

  #drop(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    this.#keys.delete(entry.webhook.key);
  }
}
