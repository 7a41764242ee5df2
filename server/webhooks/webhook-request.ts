/** Events and their endpoint → the request that carries them. PROTOCOL.md, "Webhooks". */
import {
  WEBHOOK_CONTENT_TYPE,
  WEBHOOK_KEY_HEADER,
  WEBHOOK_SIGNATURE_HEADER,
  webhookBody,
} from '../../protocol/index.ts';
import type { AppRegistry } from '../apps/app-registry.ts';
import type { QueuedEvent } from './queued-event.ts';
import type { WebhookEndpoint } from './webhook-endpoint.ts';

export interface WebhookRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * The request, signed with the app's oldest key; the same bytes at every attempt, so made once. Undefined if the app
 * or its key is gone.
 */
export function webhookRequest(
  registry: AppRegistry,
  endpoint: WebhookEndpoint,
  events: readonly QueuedEvent[],
  now: number,
): WebhookRequest | undefined {
  const [oldest] = registry.byId(endpoint.appId)?.credentials ?? [];
  const key = oldest === undefined ? undefined : registry.byKey(oldest.key);
  if (key === undefined) return undefined;
  const body = webhookBody(
    now,
    events.map(({ json }) => json),
  );
  const headers = {
    ...endpoint.headers,
    'User-Agent': 'carillon',
    'Content-Type': WEBHOOK_CONTENT_TYPE,
    [WEBHOOK_KEY_HEADER]: key.key,
    [WEBHOOK_SIGNATURE_HEADER]: key.signingKey.sign(body),
  };
  return { headers, body };
}
