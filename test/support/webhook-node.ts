import type { WebhookDeliverySettings } from '../../server/config/config.ts';
import { configFrom } from '../../server/config/parse.ts';

/** The complete settings, as they are unless told otherwise. */
export function webhookSettings(settings: object = {}): WebhookDeliverySettings {
  return { ...configFrom({}).webhooks, ...settings };
}
