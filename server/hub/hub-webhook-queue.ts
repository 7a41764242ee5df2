/**
 * A worker's end of the webhook queue: events go to the hub, which has the queue and delivers. Nothing is ever handed
 * out here. See the port.
 */
import type { WebhookEvent, WebhookKind } from '../../protocol/index.ts';
import type { Eventual } from '../lib/eventual.ts';
import type { EndpointDirectory } from '../webhooks/endpoint-directory.ts';
import type { QueuedEvent } from '../webhooks/queued-event.ts';
import type { Lane, WebhookEndpoint } from '../webhooks/webhook-endpoint.ts';
import type { WebhookQueue } from '../webhooks/webhook-queue.ts';
import { type HubLink, hubUnavailable } from './hub-link.ts';
import type { ParentService } from './hub-services.ts';

export class HubWebhookQueue implements WebhookQueue {
  readonly outlivesNode = true;
  readonly #link: HubLink<ParentService>;
  readonly #endpoints: EndpointDirectory;

  /** @param endpoints as the hub has them: both follow the same apps */
  constructor(link: HubLink<ParentService>, endpoints: EndpointDirectory) {
    this.#link = link;
    this.#endpoints = endpoints;
  }

  wants(appId: string, kind: WebhookKind): boolean {
    return this.#endpoints.wants(appId, kind);
  }

  add(appId: string, event: WebhookEvent): Eventual<void> {
    if (this.#link.isFull) return Promise.reject(hubUnavailable('The hub is too slow for webhooks', 'no'));
    this.#link.note('webhook', { appId, event });
  }

  replay(endpoint: WebhookEndpoint, events: readonly QueuedEvent[]): Promise<void> {
    const { appId, name } = endpoint;
    return this.#link.call('replayWebhooks', { appId, endpoint: name, events });
  }

  start(): void {
    // The hub wakes its own workers at its own lanes.
  }

  async take(): Promise<readonly QueuedEvent[]> {
    return [];
  }

  holds(): boolean {
    return false;
  }

  ack(): void {
    // Nothing was taken.
  }

  split(): readonly Lane[] {
    return [];
  }

  end(): void {
    // The hub follows the apps itself.
  }

  close(): void {
    // What was added is the hub's.
  }

  release(): void {
    // Nothing is held.
  }

  /** Counted where it waits. */
  queued(): number {
    return 0;
  }
}
