/** Where a listening node can be reached from this machine. */
/** Addresses that mean "all of this machine's": nobody can connect to them by that name. */
const EVERY_ADDRESS: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/** The host to connect to for a node that listens on `host`. */
export function reachableHost(host: string): string {
  return EVERY_ADDRESS.has(host) ? '127.0.0.1' : host;
}

/** `https://host:port`, with brackets round an IPv6 address. */
export function baseUrl(scheme: string, host: string, port: number): string {
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
