/**
 * What the Beams doors answer. Every refusal is JSON with a title and a description, none of them empty, because Beams'
 * SDKs read both of every answer that isn't a success, and one of them ends its process over an empty one. Pure.
 */
import { type Headers, type HttpResponse, KEEP_ALIVE } from '../message.ts';

export interface Reply {
  readonly status: number;
  /** JSON with a line end, as Beams sends it; '' for a success that has nothing to say. */
  readonly body: string;
  /** Seconds to wait, with 429 and 503. */
  readonly retryAfter?: number;
}

/** 200 without a body. */
export const DONE: Reply = { status: 200, body: '' };

/** 200: the SDKs of some languages take no other status for a success. */
export function said(value: object): Reply {
  return { status: 200, body: `${JSON.stringify(value)}\n` };
}

export function problem(status: number, error: string, description: string): Reply {
  return { status, body: `${JSON.stringify({ error, description })}\n` };
}

export const badRequest = (description: string): Reply => problem(400, 'Bad request', description);
export const unprocessable = (description: string): Reply =>
  problem(422, 'Unprocessable Entity', description);

export const NOT_FOUND = problem(404, 'Not found', 'Not found');
export const DEVICE_NOT_FOUND = problem(404, 'Not found', 'Device not found');
export const INSTANCE_NOT_FOUND = problem(404, 'Instance not found', 'Could not find the instance');
export const NO_INSTANCE_ID = problem(400, 'Incomplete Request', '`instance-id` param is missing from path.');
export const INVALID_INSTANCE_ID = badRequest(
  'The instance id given is invalid. It is expected to be in this format: 426abfc7-41fe-492f-bcf1-27586fa9bd3f .',
);
export const NO_AUTHORIZATION = problem(400, 'Incomplete Request', 'Authorization header is missing.');
export const INVALID_CONTENT_TYPE = problem(
  400,
  'Invalid content type',
  'Only `application/json` is supported.',
);
export const NO_JSON_OBJECT = badRequest('Failed to read body as a JSON object.');
export const WRONG_SECRET = problem(401, 'Unauthorized', 'Incorrect Secret Key');
export const INTERNAL_ERROR = problem(500, 'Something went wrong', 'Internal server error.');
/** SDKs of phones come back after a while. */
export const UNAVAILABLE: Reply = {
  ...problem(503, 'Service Unavailable', 'The service is temporarily unavailable.'),
  retryAfter: 1,
};
export const NO_REGISTRY = problem(
  503,
  'Service Unavailable',
  'The device registry needs a database: set CARILLON_DATA_DIR or CARILLON_DATABASE_URL.',
);

export const tooLarge = (kibibytes: number): Reply =>
  badRequest(`Request body size is too large (max ${kibibytes}KiB).`);

/** @param waitMs until one more request is allowed */
export function rateLimited(perSecond: number, waitMs: number): Reply {
  return {
    ...problem(
      429,
      'Rate Limited',
      `Too many requests being made in quick succession (max ${perSecond} RPS).`,
    ),
    retryAfter: Math.ceil(waitMs / 1000),
  };
}

const JSON_TYPE = ['Content-Type', 'application/json'] as const;
const ANY_ORIGIN = ['Access-Control-Allow-Origin', '*'] as const;
const SERVER_HEADERS: Headers = [JSON_TYPE, KEEP_ALIVE];
const PAGE_HEADERS: Headers = [JSON_TYPE, ANY_ORIGIN, KEEP_ALIVE];
const EMPTY_SERVER_HEADERS: Headers = [KEEP_ALIVE];
const EMPTY_PAGE_HEADERS: Headers = [ANY_ORIGIN, KEEP_ALIVE];

/** @param pages whether pages of any origin may read the answer; without that they would see a broken network */
export function responseOf({ status, body, retryAfter }: Reply, pages: boolean): HttpResponse {
  if (body === '') return { status, headers: pages ? EMPTY_PAGE_HEADERS : EMPTY_SERVER_HEADERS, body };
  const headers = pages ? PAGE_HEADERS : SERVER_HEADERS;
  return retryAfter === undefined
    ? { status, headers, body }
    : { status, headers: [...headers, ['Retry-After', String(retryAfter)]], body };
}

const PREFLIGHT_HEADERS: Headers = [
  ANY_ORIGIN,
  ['Access-Control-Allow-Methods', 'GET, POST, PUT, DELETE, OPTIONS'],
  ['Access-Control-Allow-Headers', 'Authorization, Content-Type, X-Pusher-Library'],
  ['Access-Control-Max-Age', '86400'],
  KEEP_ALIVE,
];

export const PREFLIGHT: HttpResponse = { status: 204, headers: PREFLIGHT_HEADERS, body: '' };
