/** What is wrong with the credentials that push providers give out, in words that follow a setting's name. */
import { createECDH, createPrivateKey, type KeyObject } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { jsonProblem } from './json-problem.ts';
import { isPlainObject } from './plain-object.ts';

/** Of a service account's JSON: the parts that sending needs. */
export function serviceAccountProblem(content: string): string | undefined {
  let account: unknown;
  try {
    account = JSON.parse(content);
  } catch (error) {
    return `is not valid JSON (${jsonProblem(content, error)})`;
  }
  if (!isPlainObject(account)) return 'is not a JSON object';
  for (const name of ['project_id', 'client_email', 'private_key']) {
    if (typeof account[name] === 'string' && account[name] !== '') continue;
    return `has no ${name}; take the key of a service account as the Firebase console makes it`;
  }
  const key = privateKeyOf(account['private_key']);
  if (key?.asymmetricKeyType !== 'rsa') return 'has a private_key that is not the PEM text of an RSA key';
  const tokenUri = account['token_uri'];
  if (tokenUri === undefined || (typeof tokenUri === 'string' && /^https?:\/\/./.test(tokenUri)))
    return undefined;
  return 'has a token_uri that is not an address';
}

/** Of the text of a `.p8` file. */
export function apnsKeyProblem(pem: string): string | undefined {
  const key = privateKeyOf(pem);
  if (key === undefined) return 'is not the PEM text of a private key';
  if (key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return undefined;
  return 'is a key of another kind than APNs has, which is EC on P-256';
}

/** @param name what Apple calls it */
export function apnsIdProblem(id: string, name: string): string | undefined {
  return /^[0-9A-Za-z]{10}$/.test(id)
    ? undefined
    : `must be what Apple calls the ${name}: 10 letters and digits`;
}

/** Of a `.p12` file. */
export function certificateProblem(pfx: Buffer, passphrase: string | undefined): string | undefined {
  try {
    createSecureContext({ pfx, ...(passphrase === undefined ? {} : { passphrase }) });
    return undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message : '';
    if (/mac verify failure/i.test(reason)) return 'has another password than the one given';
    if (/unsupported/i.test(reason))
      return 'has an old encryption; convert it with openssl pkcs12 -legacy to one made by openssl 3';
    return 'is not a PKCS #12 file with a certificate and its key';
  }
}

const POINT_BYTES = 65;
const UNCOMPRESSED = 4;
const SCALAR_BYTES = 32;

/** In base64url without padding, or undefined if it is no uncompressed point on P-256. */
export function vapidPublicKey(text: string): string | undefined {
  const point = bytesOf(text);
  if (point?.length !== POINT_BYTES || point[0] !== UNCOMPRESSED) return undefined;
  try {
    const ecdh = createECDH('prime256v1');
    ecdh.generateKeys();
    ecdh.computeSecret(point);
    return point.toString('base64url');
  } catch {
    return undefined;
  }
}

/** In base64url without padding, with the public key it belongs to, or undefined if it is no key on P-256. */
export function vapidPrivateKey(
  text: string,
): { readonly privateKey: string; readonly publicKey: string } | undefined {
  const scalar = bytesOf(text);
  if (scalar?.length !== SCALAR_BYTES) return undefined;
  try {
    const ecdh = createECDH('prime256v1');
    ecdh.setPrivateKey(scalar);
    return { privateKey: scalar.toString('base64url'), publicKey: ecdh.getPublicKey('base64url') };
  } catch {
    return undefined;
  }
}

/** Of base64 in either alphabet, padded or not. */
function bytesOf(text: string): Buffer | undefined {
  return /^[\w+/-]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : undefined;
}

function privateKeyOf(pem: unknown): KeyObject | undefined {
  try {
    return typeof pem === 'string' ? createPrivateKey(pem) : undefined;
  } catch {
    return undefined;
  }
}
