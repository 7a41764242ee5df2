/** A webhook event as nodes share it: the fields of a stream's entry. `webhook-lua.ts` writes most of them. */
import {
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
  const json = named.get('j') ?? (event && webhookEventJson(event, id));
  if (json === undefined) return undefined;
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
    case 'subscription_count':
      return parsed(json);
    default:
      return { name: kind, channel };
  }
}

function parsed(json: string): WebhookEvent | undefined {
  try {
    return JSON.parse(json) as WebhookEvent;
  } catch {
    return undefined;
  }
}

/** A dead letter has its event in the form of a body only. */
function kindOf(json: string): string {
  return (JSON.parse(json) as { readonly name: string }).name;
}
