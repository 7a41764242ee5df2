/** A webhook event as nodes share it: the fields of a stream's entry. `webhook-lua.ts` writes most of them. */
import {
  type ClientEventWebhook,
  parseObject,
  type SubscriptionCountWebhook,
  WEBHOOK_KINDS,
  type WebhookEvent,
  type WebhookKind,
  webhookEventJson,
} from '../../protocol/index.ts';
import type { QueuedEvent } from './queued-event.ts';
import type { WebhookEndpoint } from './webhook-endpoint.ts';

export interface StoredEvent {
  /** Which entry it is. */
  readonly entry: string;
  readonly appId: string;
  readonly kind: WebhookKind;
  /** The one endpoint of an event that is replayed. */
  readonly only: string | undefined;
  /** Endpoints that have had it. */
  readonly done: readonly string[];
  readonly event: QueuedEvent;
}

/** What an entry of a stay, or of a kind without details, says is all of it; of other kinds `json` is the event. */
export function storedJson(event: WebhookEvent): string {
  return event.name === 'client_event' || event.name === 'subscription_count' ? JSON.stringify(event) : '';
}

/** The fields of an event that goes to one endpoint again. */
export function replayFields(
  endpoint: WebhookEndpoint,
  { id, channel, json }: QueuedEvent,
): readonly string[] {
  return ['i', id, 'a', endpoint.appId, 'k', kindOf(json), 'c', channel, 'p', endpoint.name, 'j', json];
}

/**
 * @param fields names and values in turn
 * @param done endpoints that have had it
 * @param aheadMs how far this node's clock is ahead of the one the entry's time is from
 * @returns undefined for what this version doesn't understand
 */
export function parseStored(
  entry: string,
  fields: readonly string[],
  done: readonly string[],
  aheadMs: number,
): StoredEvent | undefined {
  const named = new Map<string, string>();
  for (let at = 0; at < fields.length; at += 2) named.set(fields[at] ?? '', fields[at + 1] ?? '');
  const field = (name: string): string => named.get(name) ?? '';
  const kind = WEBHOOK_KINDS.find((one) => one === field('k'));
  if (kind === undefined) return undefined;
  const [id, channel, at] = [field('i'), field('c'), Number(field('t')) + aheadMs];
  const event = eventOf(kind, channel, field('u'), field('e'));
  const given = named.get('j');
  const json = given ?? (event && webhookEventJson(event, id));
  if (json === undefined || !Number.isFinite(at)) return undefined;
  if (given !== undefined && parseObject(given) === undefined) return undefined;
  return {
    entry,
    appId: field('a'),
    kind,
    only: named.get('p'),
    done,
    event: { id, channel, at, json },
  };
}

function eventOf(kind: WebhookKind, channel: string, userId: string, json: string): WebhookEvent | undefined {
  switch (kind) {
    case 'member_added':
    case 'member_removed':
      return { name: kind, channel, userId };
    case 'client_event':
    case 'subscription_count': {
      const event = parseObject(json);
      return event !== undefined && isOfKind(event, kind) ? event : undefined;
    }
    default:
      return { name: kind, channel };
  }
}

/** Whether all is there that goes into a body: one event that is not understood must not keep the others from being read. */
function isOfKind(
  event: object,
  kind: 'client_event' | 'subscription_count',
): event is ClientEventWebhook | SubscriptionCountWebhook {
  const { name, channel, subscriptionCount, ...details } = event as Readonly<Record<string, unknown>>;
  if (name !== kind || typeof channel !== 'string') return false;
  if (kind === 'subscription_count') return typeof subscriptionCount === 'number';
  const { userId = '' } = details;
  return [details['event'], details['data'], details['socketId'], userId].every(
    (text) => typeof text === 'string',
  );
}

/** A dead letter has its event in the form of a body only. */
function kindOf(json: string): string {
  return (JSON.parse(json) as { readonly name: string }).name;
}
