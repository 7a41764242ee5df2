/** What the Kinvey door answers: errors have a name that SDKs go by, a description, and `debug` with what was meant. Pure. */
import { type Headers, type HttpResponse, KEEP_ALIVE } from '../message.ts';

interface Kind {
  readonly status: number;
  readonly description: string;
}

const KINDS = {
  AppNotFound: { status: 404, description: 'This app backend not found' },
  BadRequest: { status: 400, description: 'Unable to understand request' },
  IncompleteRequestBody: {
    status: 400,
    description: 'The request body is either missing or incomplete',
  },
  InsufficientCredentials: {
    status: 401,
    description:
      'The credentials used to authenticate this request are not authorized to run this operation. Please retry your request with appropriate credentials',
  },
  InvalidCredentials: {
    status: 401,
    description: 'Invalid credentials. Please retry your request with correct credentials',
  },
  JSONParseError: { status: 400, description: 'Unable to parse the JSON in the request' },
  KinveyInternalErrorRetry: {
    status: 500,
    description: 'The Kinvey server encountered an unexpected error. Please retry your request',
  },
  MissingConfiguration: {
    status: 400,
    description: 'This feature is not properly configured for this app backend.',
  },
  MissingRequestParameter: {
    status: 400,
    description: 'A required parameter is missing from the request',
  },
  ParameterValueOutOfRange: {
    status: 400,
    description: 'The value specified for one of the request parameters is out of range',
  },
  TooManyRequests: { status: 429, description: 'Too many requests. Please retry your request later' },
  UserAlreadyExists: {
    status: 409,
    description: 'This username is already taken. Please retry your request with a different username',
  },
  UserNotFound: { status: 404, description: 'This user does not exist for this app backend' },
} as const satisfies Readonly<Record<string, Kind>>;

export type ErrorName = keyof typeof KINDS;

/** Why a request isn't done. */
export class KinveyError extends Error {
  readonly error: ErrorName;
  readonly debug: string;

  /** @param debug for whoever made the request; '' where the description says it all */
  constructor(error: ErrorName, debug = '') {
    super(`${error}: ${debug}`);
    this.error = error;
    this.debug = debug;
  }
}

const ANY_ORIGIN = ['Access-Control-Allow-Origin', '*'] as const;
const EXPOSED = ['Access-Control-Expose-Headers', 'X-Kinvey-Request-Id'] as const;
const JSON_TYPE = ['Content-Type', 'application/json; charset=utf-8'] as const;
const JSON_HEADERS: Headers = [JSON_TYPE, ANY_ORIGIN, EXPOSED, KEEP_ALIVE];
const EMPTY_HEADERS: Headers = [ANY_ORIGIN, EXPOSED, KEEP_ALIVE];

/** 204. */
export const DONE: HttpResponse = { status: 204, headers: EMPTY_HEADERS, body: '' };

export function answered(status: 200 | 201, value: object): HttpResponse {
  return { status, headers: JSON_HEADERS, body: JSON.stringify(value) };
}

export function refused({ error, debug }: KinveyError): HttpResponse {
  const { status, description } = KINDS[error];
  return { status, headers: JSON_HEADERS, body: JSON.stringify({ error, description, debug }) };
}

/** The answer to one request, told apart from all others. */
export function numbered(response: HttpResponse, id: string): HttpResponse {
  return { ...response, headers: [['X-Kinvey-Request-Id', id], ...response.headers] };
}

/** To applications that run in browsers. */
export const PREFLIGHT: HttpResponse = {
  status: 204,
  headers: [
    ANY_ORIGIN,
    ['Access-Control-Allow-Methods', 'GET, POST, OPTIONS'],
    [
      'Access-Control-Allow-Headers',
      'Authorization, Content-Type, X-Kinvey-Api-Version, X-Kinvey-Client-App-Version, ' +
        'X-Kinvey-Custom-Request-Properties, X-Kinvey-Device-Info, X-Kinvey-Device-Information, X-Requested-With',
    ],
    ['Access-Control-Max-Age', '86400'],
    KEEP_ALIVE,
  ],
  body: '',
};
