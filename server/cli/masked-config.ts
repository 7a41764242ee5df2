/** A configuration as it may be shown: complete, but for its secrets. */
import type { App, WebhookSettings } from '../apps/app.ts';
import type { Config } from '../config/config.ts';

const MASK = '********';

/** JSON in the form of a config file, two spaces deep. */
export function maskedConfig({ developmentApp: _, apps, tls, adminToken, ...node }: Config): string {
  const shown = {
    ...node,
    tls:
      tls === undefined ? undefined : { ...tls, passphrase: tls.passphrase === undefined ? undefined : MASK },
    admin: { token: adminToken === undefined ? undefined : MASK },
    apps: apps.map((app) => ({
      ...app,
      auth: maskedAuth(app.auth),
      credentials: app.credentials.map(({ key }) => ({ key, secret: MASK })),
      webhooks: app.webhooks.map(maskedWebhook),
    })),
  };
  return JSON.stringify(shown, null, 2);
}

function maskedAuth(auth: App['auth']): App['auth'] {
  if (auth === undefined) return undefined;
  const { token, encryptionMasterKey, beams } = auth;
  return {
    ...auth,
    token: token?.secret === undefined ? token : { ...token, secret: MASK },
    encryptionMasterKey: encryptionMasterKey === undefined ? undefined : MASK,
    beams: beams === undefined ? undefined : { ...beams, secretKey: MASK },
  };
}

/** Addresses and headers are where receivers put their tokens. */
function maskedWebhook(webhook: WebhookSettings): WebhookSettings {
  const url = new URL(webhook.url);
  if (url.search !== '') url.search = `?${MASK}`;
  const headers = Object.fromEntries(Object.keys(webhook.headers).map((name) => [name, MASK]));
  return { ...webhook, url: url.href, headers };
}
