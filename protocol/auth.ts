/** Which string is signed, for each signature of the protocol. The HMAC itself is left to the caller. */

/** A channel subscription. `channelData` is the exact text received, on any authorized channel that sent one. */
export function channelStringToSign(socketId: string, channel: string, channelData?: string): string {
  return channelData === undefined ? `${socketId}:${channel}` : `${socketId}:${channel}:${channelData}`;
}

/** A user sign-in. `userData` is the exact text received. */
export function userStringToSign(socketId: string, userData: string): string {
  return `${socketId}::user::${userData}`;
}

/** Query parameters in the order they were sent, percent-decoded once. */
export type QueryParameters = ReadonlyArray<readonly [name: string, value: string]>;

/** An HTTP API request: method in upper case, path, and what `signedParameters` makes of its query. */
export function requestStringToSign(method: string, path: string, signed: string): string {
  return `${method}\n${path}\n${signed}`;
}

/**
 * The query of an HTTP API request as it is signed: every parameter but `auth_signature`, names in lower case and
 * sorted, values as they are. Repeated names keep the order they were sent in.
 */
export function signedParameters(parameters: QueryParameters): string {
  let signed = '';
  let previous = '';
  for (const [name, value] of parameters) {
    const key = name.toLowerCase();
    if (key === 'auth_signature') continue;
    // Most clients send them sorted; those who don't, start over.
    if (key < previous) return signedParameters(sortedByName(parameters));
    signed += signed === '' ? `${key}=${value}` : `&${key}=${value}`;
    previous = key;
  }
  return signed;
}

/** Names in lower case, sorted. The sort is stable, which keeps repeated names in the order they came. */
function sortedByName(parameters: QueryParameters): QueryParameters {
  return parameters
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

/** An `auth` token taken apart at its first colon; undefined when it is not `key:signature`. */
export function splitAuth(auth: unknown): { readonly key: string; readonly signature: string } | undefined {
  if (typeof auth !== 'string') return undefined;
  const colon = auth.indexOf(':');
  if (colon <= 0 || colon === auth.length - 1) return undefined;
  return { key: auth.slice(0, colon), signature: auth.slice(colon + 1) };
}
