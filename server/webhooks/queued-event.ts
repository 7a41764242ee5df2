/** A webhook event on its way to receivers: made once, shared by all endpoints it goes to. */
import { type WebhookEvent, webhookEventJson } from '../../protocol/index.ts';

export interface QueuedEvent {
  /** The same for every endpoint and at every repetition. */
  readonly id: string;
  readonly channel: string;
  /** Milliseconds since the epoch at which it was due to be sent: when it happened, or when its grace was over. */
  readonly at: number;
  /** As it stands in a body. */
  readonly json: string;
}

export function queuedEvent(event: WebhookEvent, id: string, at: number): QueuedEvent {
  return { id, channel: event.channel, at, json: webhookEventJson(event, id) };
}
