/** Where a listening node can be reached from this machine. */
/** Addresses that mean "all of this machine's": nobody can connect to them by that name. */
const EVERY_ADDRESS: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

export function isEveryAddress(host: string): boolean {
  return EVERY_ADDRESS.has(host);
}

/** The host to connect to for a node that listens on `host`. */
export function reachableHost(host: string): string {
  return isEveryAddress(host) ? '127.0.0.1' : host;
}

/** `https://host:port`. */
export function baseUrl(scheme: string, host: string, port: number): string {
  return `${scheme}://${hostAndPort(host, port)}`;
}

/** `host:port`, with brackets round an IPv6 address. */
export function hostAndPort(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
