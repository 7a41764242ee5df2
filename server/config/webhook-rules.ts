/** What a webhook's address and headers may be. */

/** A user name in an address would end up in logs; a header does the same work. */
export function isWebhookUrl(text: string): boolean {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return false;
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return false;
  return url.username === '' && url.password === '' && url.hash === '';
}

const MAX_HEADERS = 50;
const MAX_VALUE_LENGTH = 4096;
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/;
/** Visible characters, spaces and tabs: above all no line ends, which would start a header of their own. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Set by us, or by HTTP itself for one connection. */
const OURS: ReadonlySet<string> = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
  'x-pusher-key',
  'x-pusher-signature',
]);

export function areWebhookHeaders(headers: Readonly<Record<string, string>>): boolean {
  const entries = Object.entries(headers);
  const names = new Set(entries.map(([name]) => name.toLowerCase()));
  return (
    entries.length <= MAX_HEADERS &&
    names.size === entries.length &&
    entries.every(
      ([name, value]) =>
        NAME.test(name) &&
        !OURS.has(name.toLowerCase()) &&
        value.length <= MAX_VALUE_LENGTH &&
        VALUE.test(value),
    )
  );
}
