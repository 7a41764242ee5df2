/** What makes a token unique, short enough for an index. */
import { createHash } from 'node:crypto';
import type { ProviderName } from '../device.ts';

/**
 * Base64url, 43 characters. A browser may renew the keys of a subscription and keep its address, and hex digits have two
 * cases: those are the same token.
 */
export function tokenHash(provider: ProviderName, token: string): string {
  return createHash('sha256').update(identityOf(provider, token)).digest('base64url');
}

function identityOf(provider: ProviderName, token: string): string {
  if (provider === 'apns') return token.toLowerCase();
  if (provider === 'webpush') return endpointOf(token) ?? token;
  return token;
}

function endpointOf(token: string): string | undefined {
  try {
    const { endpoint } = JSON.parse(token);
    return typeof endpoint === 'string' ? endpoint : undefined;
  } catch {
    return undefined;
  }
}
