/** What a database's address may look like. Apart from the rules, which read files: the schema is made of this. */

export const SSL_MODES = ['disable', 'require', 'verify-full'] as const;

export type SslMode = (typeof SSL_MODES)[number];

export function isDatabaseUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, pathname } = new URL(text);
  return ['postgres:', 'postgresql:'].includes(protocol) && hostname !== '' && pathname.length > 1;
}
