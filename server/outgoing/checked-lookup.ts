/** Resolves a name to those of its addresses that are allowed: what is checked is what is connected to. */
import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { AddressPolicy } from './address-policy.ts';
import { notAllowed } from './forbidden.ts';
import type { NameLookup } from './name-lookup.ts';

/** All addresses of a name are private. */
export class ForbiddenAddress extends Error {}

export interface CheckedLookupPorts {
  readonly policy: AddressPolicy;
  readonly names: NameLookup;
}

export function checkedLookup({ policy, names }: CheckedLookupPorts): LookupFunction {
  return (host, options, callback) => {
    const fail = (error: unknown): void =>
      callback(error instanceof Error ? error : new Error(String(error)), '', 0);
    names.addresses(host).then((addresses) => {
      const allowed = addresses
        .filter(({ address }) => policy.allows(address))
        .filter(ofFamily(options.family));
      const [first] = allowed;
      if (first === undefined) fail(new ForbiddenAddress(notAllowed(host)));
      else if (options.all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    }, fail);
  };
}

function ofFamily(family: unknown): (address: LookupAddress) => boolean {
  const wanted = family === 4 || family === 'IPv4' ? 4 : family === 6 || family === 'IPv6' ? 6 : 0;
  return (address) => wanted === 0 || address.family === wanted;
}
