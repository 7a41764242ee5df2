/** Webhooks as apps have them once they are configured. */
import { WEBHOOK_KINDS } from '../../protocol/index.ts';
import type { WebhookSettings } from '../../server/apps/app.ts';

/** All kinds of all channels, but for what `given` says. */
export function webhook(given: Partial<WebhookSettings> = {}): WebhookSettings {
  return {
    url: 'http://127.0.0.1:1/hooks',
    events: WEBHOOK_KINDS,
    filter: {},
    headers: {},
    batch: true,
    ...given,
  };
}
