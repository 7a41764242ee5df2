/** Words for a node that gives no answer. */

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
  return (
    `No node answers at ${base} (${reason}). Start one with: npx carillon start\n` +
    'Or name another with --host and --port.'
  );
}
