/** What stands in the place of secrets wherever settings are shown. */
export const MASK = '********';

/** An address without its query, which is where tokens are put. */
export function maskedUrl(text: string): string {
  const url = new URL(text);
  if (url.search !== '') url.search = `?${MASK}`;
  return url.href;
}
