/** Which web pages may connect. PROTOCOL.md, "Connecting". */

/** `https://*.example.com:8443` taken apart; what a pattern leaves out is undefined and matches anything. */
interface OriginParts {
  readonly scheme: string | undefined;
  readonly host: string;
  readonly port: string | undefined;
}

const ORIGIN = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(.*?)(?::(\d+))?$/;

const DEFAULT_PORTS: Readonly<Record<string, string>> = { http: '80', https: '443' };

/**
 * Whether `origin` matches a pattern: `*`, or `[scheme://]host[:port]` with `*.` before a host for all its subdomains.
 * A pattern without scheme takes any scheme and port; one with a scheme and no port means the scheme's own port, as
 * browsers do. No patterns allow all. Clients that send no origin are not browsers and pass.
 */
export function originAllowed(origin: string, patterns: readonly string[]): boolean {
  if (patterns.length === 0 || origin === '') return true;
  const given = partsOf(origin);
  return patterns.some((pattern) => pattern === '*' || matches(given, partsOf(pattern)));
}

function partsOf(text: string): OriginParts {
  const [, scheme, host = '', port] = ORIGIN.exec(text.toLowerCase()) ?? [];
  return { scheme, host, port: port ?? (scheme === undefined ? undefined : DEFAULT_PORTS[scheme]) };
}

function matches(given: OriginParts, pattern: OriginParts): boolean {
  if (pattern.scheme !== undefined && pattern.scheme !== given.scheme) return false;
  if ((pattern.scheme !== undefined || pattern.port !== undefined) && pattern.port !== given.port)
    return false;
  return pattern.host.startsWith('*.')
    ? given.host.endsWith(pattern.host.slice(1))
    : given.host === pattern.host;
}
