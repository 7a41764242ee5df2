/** What can be said of an address before any name is resolved: whether a policy could ever let a request go there. */
import { isIP } from 'node:net';
import type { AddressPolicy } from './address-policy.ts';

/** Why no request may ever go to an address, in words; undefined if that depends on what its name resolves to. */
export function forbidden(url: URL, policy: AddressPolicy): string | undefined {
  const host = hostOf(url);
  const address = isLocalName(host) ? '127.0.0.1' : host;
  return isIP(address) === 0 || policy.allows(address) ? undefined : notAllowed(host);
}

/** Likewise, for requests with credentials in them: without TLS only on this machine, or where the operator answers for it. */
export function neverAllowed(url: URL, policy: AddressPolicy): string | undefined {
  const reason = forbidden(url, policy);
  if (reason !== undefined || url.protocol === 'https:' || policy.allowsAll || isLoopback(url)) return reason;
  return `${url.origin} is an address without TLS, and those are not allowed (allowPrivateAddresses, CARILLON_ALLOW_PRIVATE_ADDRESSES)`;
}

export function notAllowed(host: string): string {
  return `${host} is a private address, and those are not allowed (allowPrivateAddresses, CARILLON_ALLOW_PRIVATE_ADDRESSES)`;
}

function hostOf({ hostname }: URL): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}

function isLoopback(url: URL): boolean {
  const host = hostOf(url);
  return isLocalName(host) || host === '::1' || /^127\./.test(host);
}

/** Names that mean this machine everywhere (RFC 6761), with the dot of a complete name or without. */
function isLocalName(host: string): boolean {
  return /^(?:.+\.)?localhost\.?$/.test(host);
}
