/** A configuration as it may be shown: complete, but for its secrets. */
import type { App, WebhookSettings } from '../apps/app.ts';
import type { TokenSettings } from '../apps/auth-settings.ts';
import type { Config } from '../config/config.ts';
import { maskedPush } from './masked-push.ts';

const MASK = '********';

/** JSON in the form of a config file, two spaces deep. */
export function maskedConfig({
  developmentApp: _,
  apps,
  tls,
  adminToken,
  database,
  ...node
}: Config): string {
  const shown = {
    ...node,
    tls:
      tls === undefined ? undefined : { ...tls, passphrase: tls.passphrase === undefined ? undefined : MASK },
    ...maskedDatabase(database),
    admin: { token: adminToken === undefined ? undefined : MASK },
    apps: apps.map((app) => ({
      ...app,
      auth: maskedAuth(app.auth),
      credentials: app.credentials.map(({ key }) => ({ key, secret: MASK })),
      webhooks: app.webhooks.map(maskedWebhook),
      push: maskedPush(app.push, MASK, maskedUrl),
    })),
  };
  return JSON.stringify(shown, null, 2);
}

function maskedDatabase(database: Config['database']): object {
  if (database?.kind === 'sqlite') return { dataDir: database.folder };
  if (database === undefined) return {};
  const { ssl, ca, poolSize } = database;
  return { database: { url: MASK, sslMode: ssl, ca: ca && MASK, poolSize } };
}

function maskedAuth(auth: App['auth']): App['auth'] {
  if (auth === undefined) return undefined;
  const { token, forward, encryptionMasterKey, beams } = auth;
  return {
    ...auth,
    token: token === undefined ? undefined : maskedToken(token),
    forward: forward === undefined ? undefined : { ...forward, url: maskedUrl(forward.url) },
    encryptionMasterKey: encryptionMasterKey === undefined ? undefined : MASK,
    beams: beams === undefined ? undefined : { ...beams, secretKey: MASK },
  };
}

function maskedToken(token: TokenSettings): TokenSettings {
  const { secret, jwksUrl } = token;
  return {
    ...token,
    ...(secret === undefined ? {} : { secret: MASK }),
    ...(jwksUrl === undefined ? {} : { jwksUrl: maskedUrl(jwksUrl) }),
  };
}

/** Addresses and headers are where receivers put their tokens. */
function maskedWebhook(webhook: WebhookSettings): WebhookSettings {
  const headers = Object.fromEntries(Object.keys(webhook.headers).map((name) => [name, MASK]));
  return { ...webhook, url: maskedUrl(webhook.url), headers };
}

function maskedUrl(text: string): string {
  const url = new URL(text);
  if (url.search !== '') url.search = `?${MASK}`;
  return url.href;
}
