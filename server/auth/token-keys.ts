/** The keys of an app's tokens, from wherever the settings say they are, and the algorithms that fit them. */
import { createPublicKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { CryptoKey, JWTVerifyGetKey } from 'jose';
import type { TokenAlgorithm, TokenSettings } from '../apps/auth-settings.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { BackendClient } from './backend-client.ts';
import { JwksKeys } from './jwks-keys.ts';

const JWKS_TIMEOUT_MS = 5000;

export interface TokenKeyPorts {
  readonly client: BackendClient;
  readonly clock: Clock;
  readonly logger: Logger;
}

export type TokenKey = JWTVerifyGetKey<CryptoKey | Uint8Array>;

/** Settings that the configuration has checked: one kind of key is there. */
export function tokenKeys(settings: TokenSettings, { client, clock, logger }: TokenKeyPorts): TokenKey {
  const { secret, publicKey, jwksFile, jwksUrl } = settings;
  if (secret !== undefined) {
    const key = new TextEncoder().encode(secret);
    return () => key;
  }
  if (publicKey !== undefined) {
    const key = createPublicKey(publicKey);
    return () => key;
  }
  const read =
    jwksFile !== undefined ? () => readFile(jwksFile, 'utf8') : () => fetchKeySet(client, jwksUrl ?? '');
  const times = {
    cacheMs: settings.jwksCacheSeconds * 1000,
    cooldownMs: settings.jwksCooldownSeconds * 1000,
  };
  const keys = new JwksKeys(read, times, clock, logger);
  return (header, token) => keys.keyOf(header, token);
}

async function fetchKeySet(client: BackendClient, url: string): Promise<string> {
  const headers = { accept: 'application/json' };
  const { status, body } = await client.send({ method: 'GET', url, headers, timeoutMs: JWKS_TIMEOUT_MS });
  // The query may hold a key of its own, and this goes to the log.
  if (status !== 200) throw new Error(`${new URL(url).host} answered ${status}`);
  return body;
}

/**
 * The algorithms that a key could serve. A shared secret and a public key never go together: a token "signed" with the
 * text of a public key, which everybody has, must not count as signed with a secret.
 */
export function algorithmsFor({ secret, publicKey }: TokenSettings): readonly TokenAlgorithm[] | undefined {
  if (secret !== undefined) return ['HS256'];
  if (publicKey === undefined) return ['RS256', 'ES256'];
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPublicKey(publicKey);
    if (asymmetricKeyType === 'rsa') return ['RS256'];
    return asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1' ? ['ES256'] : [];
  } catch {
    // Not a key at all: that is the answer, and the configuration's to report.
    return undefined;
  }
}
