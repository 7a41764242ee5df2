/** The way an app's settings say callers are known. */
import type { AuthSettings } from '../apps/auth-settings.ts';
import { Forwarding } from './forwarding.ts';
import type { Identifier } from './identity.ts';
import { type TokenKeyPorts, tokenKeys } from './token-keys.ts';
import { TokenVerifier } from './token-verifier.ts';

export function identifierOf({ token, forward }: AuthSettings, ports: TokenKeyPorts): Identifier {
  if (token !== undefined) return new TokenVerifier(token, tokenKeys(token, ports), ports.clock);
  if (forward !== undefined) return new Forwarding(forward, ports.client, ports.clock);
  throw new TypeError('the configuration has checked that callers can be known');
}
