/** Which addresses count as one caller, and which as one's own. Pure. */
import { BlockList, isIP } from 'node:net';

const MAPPED = /^(?:0*:)+ffff:([\da-f]{1,4}):([\da-f]{1,4})$/i;
const MAPPED_DOTTED = /^(?:0*:)+ffff:(\d+\.\d+\.\d+\.\d+)$/i;

const BRACKETED = /^\[([^\]]*)\](?::\d+)?$/;
const WITH_PORT = /^([^:]+):\d+$/;

/** The address alone, without a port or brackets as proxies add them; an IPv4 address in its usual form. */
export function plainAddress(text: string): string {
  const trimmed = text.trim();
  const address = (BRACKETED.exec(trimmed) ?? WITH_PORT.exec(trimmed))?.[1] ?? trimmed;
  const dotted = MAPPED_DOTTED.exec(address)?.[1];
  if (dotted !== undefined) return dotted;
  const [, high, low] = MAPPED.exec(address) ?? [];
  return high === undefined || low === undefined ? address : dottedOf(high, low);
}

/** An IPv4 address, or the /64 of an IPv6 address: one customer's line, in which every address is free to take. */
export function networkOf(text: string): string {
  const address = plainAddress(text);
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::', 2);
  const groups = groupsOf(head);
  if (tail !== undefined) {
    const zeros = Math.max(0, 8 - groups.length - groupsOf(tail).length);
    groups.push(...Array.from({ length: zeros }, () => '0'), ...groupsOf(tail));
  }
  return `${groups.slice(0, 4).join(':')}::/64`;
}

const PRIVATE = new BlockList();
for (const [network, bits] of [
  ['10.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const) {
  PRIVATE.addSubnet(network, bits, 'ipv4');
}
PRIVATE.addAddress('::1', 'ipv6');
PRIVATE.addSubnet('fc00::', 7, 'ipv6');
PRIVATE.addSubnet('fe80::', 10, 'ipv6');

/** Whether an address is this machine's, or one that no stranger on the internet can have. What is none is not. */
export function isPrivateAddress(text: string): boolean {
  const address = plainAddress(text);
  const version = isIP(address);
  return version !== 0 && PRIVATE.check(address, version === 4 ? 'ipv4' : 'ipv6');
}

const groupsOf = (text: string): string[] =>
  text === '' ? [] : text.split(':').map((group) => group.toLowerCase().replace(/^0+(?=.)/, ''));

function dottedOf(high: string, low: string): string {
  const [a, b] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return [a >> 8, a & 255, b >> 8, b & 255].join('.');
}
