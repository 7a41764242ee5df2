/** Access tokens of Google for a service account: a signed claim is exchanged for a token (RFC 7523). */
import { createPrivateKey, type KeyObject, sign } from 'node:crypto';

const SCOPE = 'https://www.googleapis.com/auth/firebase.messaging';
const LIFETIME_SECONDS = 3600;

export interface ServiceAccount {
  readonly projectId: string;
  readonly email: string;
  readonly key: KeyObject;
  readonly keyId: string | undefined;
  readonly tokenUri: URL;
}

/**
 * Reads a service account's JSON.
 * Throws with a sentence that names the field; the text itself is never quoted.
 */
export function readServiceAccount(json: string): ServiceAccount {
  const fields = parse(json);
  const text = (name: string): string => {
    const value = fields[name];
    if (typeof value !== 'string' || value === '')
      throw new Error(`the service account's JSON has no "${name}"`);
    return value;
  };
  const keyId = fields['private_key_id'];
  const uri = fields['token_uri'] ?? 'https://oauth2.googleapis.com/token';
  if (typeof uri !== 'string' || !URL.canParse(uri) || !/^https?:/.test(uri))
    throw new Error('"token_uri" of the service account\'s JSON is no http(s) address');
  return {
    projectId: text('project_id'),
    email: text('client_email'),
    key: rsaKey(text('private_key')),
    keyId: typeof keyId === 'string' ? keyId : undefined,
    tokenUri: new URL(uri),
  };
}

/** The form that asks for a token. @param now milliseconds since the epoch */
export function grantForm(account: ServiceAccount, now: number): Readonly<Record<string, string>> {
  const iat = Math.floor(now / 1000);
  const header = { alg: 'RS256', typ: 'JWT', kid: account.keyId };
  const claims = {
    iss: account.email,
    scope: SCOPE,
    aud: account.tokenUri.href,
    iat,
    exp: iat + LIFETIME_SECONDS,
  };
  const text = `${part(header)}.${part(claims)}`;
  const signature = sign('RSA-SHA256', Buffer.from(text), account.key).toString('base64url');
  return { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: `${text}.${signature}` };
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function parse(json: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // The parser's words quote the text, and the text holds a key.
  }
  throw new Error('the service account is not a JSON object');
}

function rsaKey(pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw new Error('"private_key" of the service account\'s JSON is no private key in PEM');
  }
  if (key.asymmetricKeyType !== 'rsa')
    throw new Error('"private_key" of the service account\'s JSON is no RSA key');
  return key;
}
