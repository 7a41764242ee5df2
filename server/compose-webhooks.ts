/** The delivery of webhooks, put together for whoever has their queue. Part of the composition root. */
import type { AppRegistry } from './apps/app-registry.ts';
import type { Config, WebhookDeliverySettings } from './config/config.ts';
import type { Chance } from './lib/chance.ts';
import type { Clock } from './lib/clock.ts';
import type { Logger } from './lib/logger.ts';
import type { OccasionalLog } from './lib/occasional-log.ts';
import { AddressPolicy } from './outgoing/address-policy.ts';
import { HttpPoster } from './outgoing/http-poster.ts';
import type { NameLookup } from './outgoing/name-lookup.ts';
import type { Counters } from './telemetry/counters.ts';
import type { DeadLetters } from './webhooks/dead-letters.ts';
import type { EndpointDirectory } from './webhooks/endpoint-directory.ts';
import type { RetrySettings } from './webhooks/lane-worker.ts';
import { WebhookDelivery } from './webhooks/webhook-delivery.ts';
import type { WebhookQueue } from './webhooks/webhook-queue.ts';

export interface DeliverySurroundings {
  readonly webhooks: WebhookQueue;
  readonly deadLetters: DeadLetters;
  readonly endpoints: EndpointDirectory;
  readonly registry: AppRegistry;
  readonly policy: AddressPolicy;
  readonly names: NameLookup;
  readonly counters: Counters;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: OccasionalLog;
  readonly logger: Logger;
}

export function webhookDelivery(
  settings: WebhookDeliverySettings,
  { webhooks: queue, policy, names, ...ports }: DeliverySurroundings,
): WebhookDelivery {
  const poster = new HttpPoster({ policy, names, clock: ports.clock });
  return new WebhookDelivery(retrySettings(settings), { ...ports, queue, poster });
}

/** Where requests may go to. */
export function addressPolicyOf({
  allowPrivateAddresses,
  mode,
}: Pick<Config, 'allowPrivateAddresses' | 'mode'>): AddressPolicy {
  return new AddressPolicy({ allowPrivate: allowPrivateAddresses, allowLoopback: mode === 'development' });
}

/** Events waiting for each app's receivers. */
export function* queuedByApp(endpoints: EndpointDirectory, queue: WebhookQueue): Iterable<[string, number]> {
  for (const appId of endpoints.appIds()) {
    yield [appId, endpoints.of(appId).reduce((sum, endpoint) => sum + queue.queued(endpoint), 0)];
  }
}

function retrySettings(settings: WebhookDeliverySettings): RetrySettings {
  const { timeoutMs, retrySeconds, retryFirstMs, retryLongestSeconds } = settings;
  return {
    timeoutMs,
    retryMs: retrySeconds * 1000,
    backoff: { firstMs: retryFirstMs, longestMs: retryLongestSeconds * 1000 },
  };
}
