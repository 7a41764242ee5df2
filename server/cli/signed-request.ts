/** A signed request to the HTTP API of a node. */
import { createHash } from 'node:crypto';
import { requestStringToSign, signedParameters } from '../../protocol/index.ts';
import type { Credential } from '../apps/app.ts';
import { SigningKey } from '../lib/hmac.ts';

/** The URL to send `body` to. `now` is in milliseconds since the epoch; nodes refuse a clock that is far off. */
export function signedUrl(
  base: string,
  path: string,
  body: string,
  credential: Credential,
  now: number,
): string {
  const parameters: Array<[string, string]> = [
    ['auth_key', credential.key],
    ['auth_timestamp', String(Math.floor(now / 1000))],
    ['auth_version', '1.0'],
    ['body_md5', createHash('md5').update(body, 'utf8').digest('hex')],
  ];
  const signature = new SigningKey(credential.secret).sign(
    requestStringToSign('POST', path, signedParameters(parameters)),
  );
  const query = new URLSearchParams([...parameters, ['auth_signature', signature]]);
  return `${base}${path}?${query}`;
}
