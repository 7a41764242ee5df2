/** Which web pages may connect. PROTOCOL.md, "Connecting". */

/**
 * Whether `origin` matches a pattern: a whole origin (`https://example.com`), a host by any scheme and port
 * (`example.com`), all its subdomains (`*.example.com`), or `*`. No patterns allow all. Clients that send no origin are not browsers and pass.
 */
export function originAllowed(origin: string, patterns: readonly string[]): boolean {
  if (patterns.length === 0 || origin === '') return true;
  const given = origin.toLowerCase();
  return patterns.some((pattern) => {
    const wanted = pattern.toLowerCase();
    if (wanted === '*' || wanted === given) return true;
    const host = hostOf(given);
    return wanted.startsWith('*.') ? host.endsWith(wanted.slice(1)) : host === wanted;
  });
}

function hostOf(origin: string): string {
  const host = origin.slice(origin.indexOf('://') + 3);
  const port = host.search(/:\d+$/);
  return port === -1 ? host : host.slice(0, port);
}
