/** Where webhook events go in tests that have no queue. */
import type { WebhookEvent } from '../../protocol/index.ts';
import type { WebhookSink } from '../../server/webhooks/webhook-queue.ts';

export const noWebhooks: WebhookSink = { wants: () => false, add: () => undefined };

/** Keeps everything, in order. */
export class RecordingSink implements WebhookSink {
  readonly events: Array<WebhookEvent & { readonly appId: string }> = [];

  wants(): boolean {
    return true;
  }

  add(appId: string, event: WebhookEvent): void {
    this.events.push({ appId, ...event });
  }
}
