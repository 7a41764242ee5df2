/** What an application's backend is told by webhook. PROTOCOL.md, "Webhooks". */
import { quote } from './text.ts';

export const WEBHOOK_KINDS = [
  'channel_occupied',
  'channel_vacated',
  'member_added',
  'member_removed',
  'client_event',
  'cache_miss',
  'subscription_count',
] as const;

export type WebhookKind = (typeof WEBHOOK_KINDS)[number];

export interface ChannelWebhook {
  readonly name: 'channel_occupied' | 'channel_vacated' | 'cache_miss';
  readonly channel: string;
}

export interface MemberWebhook {
  readonly name: 'member_added' | 'member_removed';
  readonly channel: string;
  readonly userId: string;
}

export interface ClientEventWebhook {
  readonly name: 'client_event';
  readonly channel: string;
  readonly event: string;
  /** The text as relayed to the other subscribers. */
  readonly data: string;
  readonly socketId: string;
  /** The sender, on presence channels. */
  readonly userId: string | undefined;
}

export interface SubscriptionCountWebhook {
  readonly name: 'subscription_count';
  readonly channel: string;
  readonly subscriptionCount: number;
}

export type WebhookEvent = ChannelWebhook | MemberWebhook | ClientEventWebhook | SubscriptionCountWebhook;

export const WEBHOOK_CONTENT_TYPE = 'application/json';
/** In this very casing: one SDK looks headers up case by case. */
export const WEBHOOK_KEY_HEADER = 'X-Pusher-Key';
export const WEBHOOK_SIGNATURE_HEADER = 'X-Pusher-Signature';

/**
 * One event as it stands in a body.
 * @param id the same at every repetition: how a receiver knows one
 */
export function webhookEventJson(event: WebhookEvent, id: string): string {
  const head = `{"name":"${event.name}","channel":${quote(event.channel)}`;
  return `${head}${detailsJson(event)},"id":${quote(id)}}`;
}

function detailsJson(event: WebhookEvent): string {
  switch (event.name) {
    case 'member_added':
    case 'member_removed':
      return `,"user_id":${quote(event.userId)}`;
    case 'client_event': {
      const user = event.userId === undefined ? '' : `,"user_id":${quote(event.userId)}`;
      return `,"event":${quote(event.event)},"data":${quote(event.data)},"socket_id":${quote(event.socketId)}${user}`;
    }
    case 'subscription_count':
      return `,"subscription_count":${event.subscriptionCount}`;
    default:
      return '';
  }
}

/**
 * The body of a request: what is signed and sent, byte for byte, at every attempt.
 * @param timeMs when the body was made, milliseconds since the epoch
 * @param events as `webhookEventJson` makes them
 */
export function webhookBody(timeMs: number, events: readonly string[]): string {
  return `{"time_ms":${timeMs},"events":[${events.join(',')}]}`;
}
