/** What a change of apps means for webhooks. */
import type { App } from '../apps/app.ts';
import type { AppRegistry } from '../apps/app-registry.ts';
import type { Logger } from '../lib/logger.ts';
import type { AddressPolicy } from '../outgoing/address-policy.ts';
import { forbidden } from '../outgoing/forbidden.ts';
import type { Counters } from '../telemetry/counters.ts';
import type { EndpointDirectory } from './endpoint-directory.ts';
import type { WebhookDelivery } from './webhook-delivery.ts';

export interface FollowAppsPorts {
  /** Knows the endpoints of the apps there are. */
  readonly endpoints: EndpointDirectory;
  readonly delivery: Pick<WebhookDelivery, 'end'>;
  readonly counters: Counters;
  readonly policy: AddressPolicy;
  readonly logger: Logger;
}

/**
 * Keeps endpoints as the registry has them, from here on. Deliveries to endpoints that remain go on; what is queued for
 * those that are gone, with or without their app, becomes dead letters.
 */
export function followApps(registry: AppRegistry, ports: FollowAppsPorts): void {
  const { endpoints, delivery } = ports;
  const update = (app: Pick<App, 'id' | 'webhooks'>): void => {
    // It logs its failures by itself.
    for (const gone of endpoints.update(app)) delivery.end(gone);
    introduce(app.id, ports);
  };
  for (const app of registry.all()) introduce(app.id, ports);
  registry.onChange(({ added, changed, removed }) => {
    for (const app of added) update(app);
    for (const { after } of changed) update(after);
    for (const { id } of removed) update({ id, webhooks: [] });
  });
}

/** Shows an app's endpoints in the metrics, and to the operator those that no request may go to. */
function introduce(appId: string, { endpoints, counters, policy, logger }: FollowAppsPorts): void {
  for (const { name, url } of endpoints.of(appId)) {
    counters.webhooksOf(appId);
    const reason = forbidden(url, policy);
    if (reason !== undefined) {
      logger.warn({ appId, endpoint: name, reason }, 'webhooks can never be delivered');
    }
  }
}
