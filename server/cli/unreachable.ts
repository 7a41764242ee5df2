/** Words for a node that gives no answer. */

const UNKNOWN_HOST: ReadonlySet<string> = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA', 'EAI_NONAME']);
const NO_TLS = /^(EPROTO|ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG))$/;
const PLAIN_REFUSED = /^(UND_ERR_SOCKET|ECONNRESET|EPIPE|HPE_\w+)$/;

export function unreachable(base: string, error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const reason = cause instanceof Error ? cause.message || code : String(cause);
  if (code.includes('CERT')) {
    return (
      `The certificate of ${base} isn't trusted (${code}). Give --host the name in the certificate, or ` +
      'NODE_EXTRA_CA_CERTS the file of its authority.'
    );
  }
  if (UNKNOWN_HOST.has(code)) return `The host of ${base} is unknown (${reason}). Check --host.`;
  const tls = base.startsWith('https:');
  if (tls && NO_TLS.test(code)) {
    return `The node at ${base} answers, but not with TLS; leave out --tls (${code}).`;
  }
  // A node that wants TLS hangs up on plain text, and other servers answer with an alert.
  if (!tls && PLAIN_REFUSED.test(code)) {
    return `The node at ${base} hung up (${reason}). It seems to want TLS; add --tls.`;
  }
  return (
    `No node answers at ${base} (${reason}). Start one, in this folder, with: npx --no carillon start\n` +
    'Or name another with --host and --port.'
  );
}
