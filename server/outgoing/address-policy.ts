/**
 * Which addresses a node may send requests to. An address that an app's owner configures must not become a way into
 * the network the node stands in.
 */
import { BlockList, isIP } from 'node:net';

export interface AddressPolicyOptions {
  /** Every address is fine. */
  readonly allowPrivate: boolean;
  /** This machine is fine. */
  readonly allowLoopback: boolean;
}

type Subnets = ReadonlyArray<readonly [network: string, bits: number]>;

const LOOPBACK_IPV4: Subnets = [['127.0.0.0', 8]];
const LOOPBACK_IPV6: Subnets = [['::1', 128]];

/** Everything the registries of special-purpose addresses don't call globally reachable, and multicast. */
const INNER_IPV4: Subnets = [
  // "This network"; 0.0.0.0 reaches this machine.
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  // Carrier-grade NAT, and metadata of one cloud provider.
  ['100.64.0.0', 10],
  // Link-local, and metadata of most cloud providers.
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];
const INNER_IPV6: Subnets = [
  ['::', 128],
  // IPv4 in other clothes: the deprecated compatible form, the translated one, NAT64 and 6to4 lead to IPv4 addresses of
  // any kind.
  ['::', 96],
  ['::ffff:0:0:0', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['2002::', 16],
  ['100::', 64],
  ['100:0:0:1::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['3fff::', 20],
  // Segment routing.
  ['5f00::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
];

function listOf(ipv4: Subnets, ipv6: Subnets): BlockList {
  const list = new BlockList();
  for (const [network, bits] of ipv4) list.addSubnet(network, bits, 'ipv4');
  for (const [network, bits] of ipv6) list.addSubnet(network, bits, 'ipv6');
  return list;
}

const loopback = listOf(LOOPBACK_IPV4, LOOPBACK_IPV6);
const inner = listOf(INNER_IPV4, INNER_IPV6);

export class AddressPolicy {
  readonly #options: AddressPolicyOptions;

  constructor(options: AddressPolicyOptions) {
    this.#options = options;
  }

  /** Whether the operator answers for where requests go: any address, and also without TLS. */
  get allowsAll(): boolean {
    return this.#options.allowPrivate;
  }

  /**
   * Whether requests may go to an address.
   * @param address IPv4 or IPv6 in the spelling the system gives; anything else is refused
   */
  allows(address: string): boolean {
    const bare = plain(address);
    const version = isIP(bare);
    if (version === 0) return false;
    if (this.#options.allowPrivate) return true;
    const family = version === 4 ? 'ipv4' : 'ipv6';
    if (loopback.check(bare, family)) return this.#options.allowLoopback;
    return !inner.check(bare, family);
  }
}

/** Without a zone (`fe80::1%eth0`), and an IPv4 address in IPv6 (`::ffff:127.0.0.1`, `::ffff:7f00:1`) as IPv4. */
function plain(address: string): string {
  const [bare = ''] = address.split('%');
  if (isIP(bare) !== 6) return bare;
  // The URL parser knows every spelling of IPv6 and answers with the shortest.
  const canonical = new URL(`http://[${bare}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical);
  if (mapped === null) return canonical;
  const [high, low] = [Number.parseInt(mapped[1] ?? '', 16), Number.parseInt(mapped[2] ?? '', 16)];
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
}
