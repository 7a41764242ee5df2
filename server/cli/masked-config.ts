/** A configuration as it may be shown: complete, but for its secrets. */
import type { App, WebhookSettings } from '../apps/app.ts';
import type { TokenSettings } from '../apps/auth-settings.ts';
import type { Config, RedisSettings } from '../config/config.ts';
import { MASK, maskedUrl } from '../lib/mask.ts';
import { maskedPush } from './masked-push.ts';

/** JSON in the form of a config file, two spaces deep. */
export function maskedConfig({
  developmentApp: _,
  apps,
  tls,
  redis,
  adminToken,
  database,
  ...node
}: Config): string {
  const shown = {
    ...node,
    tls:
      tls === undefined ? undefined : { ...tls, passphrase: tls.passphrase === undefined ? undefined : MASK },
    redis: redis && maskedRedis(redis),
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

/** With the address put together again: the file has no other place for hosts. */
function maskedRedis({ hosts, db, username, password, tls, sentinel, ...rest }: RedisSettings): object {
  const names = hosts.map(
    ({ host, port }) => `${host.includes(':') ? `[${host.replace('%', '%25')}]` : host}:${port}`,
  );
  const path =
    rest.mode === 'cluster' ? '' : rest.mode === 'single' ? `/${db}` : `/${sentinel.masterName}/${db}`;
  const kind = rest.mode === 'single' ? '' : `+${rest.mode}`;
  const mask = (secret: string | undefined): string | undefined => secret && MASK;
  return {
    url: `redis${tls === undefined ? '' : 's'}${kind}://${names.join(',')}${path}`,
    ...rest,
    username,
    password: mask(password),
    sentinel: { ...sentinel, password: mask(sentinel.password) },
    tls,
  };
}

function maskedDatabase(database: Config['database']): object {
  if (database?.kind === 'sqlite') return { dataDir: database.folder };
  if (database === undefined) return {};
  const { url, ssl, poolSize } = database;
  const shown = new URL(url);
  if (shown.password !== '') shown.password = MASK;
  // There it may stand as well.
  if (shown.searchParams.has('password')) shown.searchParams.set('password', MASK);
  return { database: { url: shown.href, sslMode: ssl, poolSize } };
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
