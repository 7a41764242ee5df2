/** What the address of a database may be, and how connections to it are kept private. */

export const SSL_MODES = ['disable', 'require', 'verify-full'] as const;

export function isDatabaseUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, pathname } = new URL(text);
  return ['postgres:', 'postgresql:'].includes(protocol) && hostname !== '' && pathname.length > 1;
}
