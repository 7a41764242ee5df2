/** Whether a request to the HTTP API is signed by its app. PROTOCOL.md, "HTTP API". */
import { hash } from 'node:crypto';
import { requestStringToSign } from '../../protocol/index.ts';
import type { AppKey, AppRegistry } from '../apps/app-registry.ts';
import type { HttpRequest } from './message.ts';
import { segmentDecoded } from './query.ts';
import type { SignedQuery } from './signed-query.ts';

/** Seconds by which a request's timestamp may differ from the server's clock. */
const GRACE_SECONDS = 600;
const MD5_LENGTH = 32;

/**
 * The key that signed the request, or the sentence for the 401.
 * @param path the part of the path that is signed: from `/apps` on
 * @param now milliseconds since the epoch
 * @param appId the app the path names; undefined if the path names none
 */
export function authorizeRequest(
  registry: AppRegistry,
  request: Pick<HttpRequest, 'method' | 'body'>,
  path: string,
  query: SignedQuery,
  now: number,
  appId: string | undefined,
): AppKey | string {
  const { key: name } = query;
  if (name === undefined || name === '') return 'Missing parameter: auth_key';
  const key = registry.byKey(name);
  if (key === undefined || (appId !== undefined && key.app.id !== appId)) return 'Unknown auth_key';
  return (
    versionProblem(query.version) ??
    timestampProblem(query.timestamp, now) ??
    signatureProblem(key, request.method, path, query) ??
    bodyProblem(request.body, query.bodyMd5) ??
    key
  );
}

function versionProblem(version: string | undefined): string | undefined {
  if (version === undefined || version === '') return 'Version required';
  return version === '1.0' ? undefined : 'Version not supported';
}

function timestampProblem(given: string | undefined, now: number): string | undefined {
  if (given === undefined || given === '') return 'Timestamp required';
  const seconds = Number(given);
  if (Number.isNaN(seconds)) return 'Timestamp required';
  const serverSeconds = Math.floor(now / 1000);
  if (Math.abs(serverSeconds - seconds) < GRACE_SECONDS) return undefined;
  return `Timestamp expired: Given timestamp (${isoTime(seconds)}) not within ${GRACE_SECONDS}s of server time (${isoTime(serverSeconds)})`;
}

function isoTime(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString().replace(/\.\d+Z$/, 'Z');
}

function signatureProblem(
  { signingKey }: AppKey,
  method: string,
  path: string,
  { signature: given = '', signed }: SignedQuery,
): string | undefined {
  const stringToSign = requestStringToSign(method, path, signed);
  if (signingKey.verify(stringToSign, given)) return undefined;
  // Some clients sign the path before they encode it.
  const decoded = path.includes('%') ? segmentDecoded(path) : path;
  if (decoded !== path && signingKey.verify(requestStringToSign(method, decoded, signed), given))
    return undefined;
  return `Invalid signature: you should have sent HmacSHA256Hex(${JSON.stringify(stringToSign)}, your_secret_key), but you sent ${JSON.stringify(given)}`;
}

/** The digest is no secret: it is sent beside the body, and the signature covers it. */
function bodyProblem(body: Buffer, digest: string | undefined): string | undefined {
  if (digest === undefined) return body.length === 0 ? undefined : 'body_md5 parameter is missing';
  if (digest.length === MD5_LENGTH) {
    const actual = hash('md5', body);
    if (actual === digest || actual === digest.toLowerCase()) return undefined;
  }
  return 'body_md5 parameter does not match the body';
}
