/** Checks the signatures that clients present: for a channel, for a sign-in. PROTOCOL.md, "Subscribing". */
import { splitAuth } from '../../protocol/index.ts';
import type { App } from '../apps/app.ts';
import type { AppRegistry } from '../apps/app-registry.ts';

/**
 * Whether `auth` is a signature of `stringToSign` by any active key of the app.
 * @returns undefined if it is, else the sentence for the client
 */
export function authProblem(
  registry: AppRegistry,
  app: App,
  auth: unknown,
  stringToSign: string,
): string | undefined {
  const token = splitAuth(auth);
  if (token === undefined) return 'Invalid format: auth must have the format key:signature';
  const key = registry.byKey(token.key);
  if (key === undefined || key.app.id !== app.id)
    return `Invalid key in subscription auth data: '${token.key}'`;
  if (key.signingKey.verify(stringToSign, token.signature)) return undefined;
  return `Invalid signature: Expected HMAC SHA256 hex digest of ${stringToSign}, but got ${token.signature}`;
}
