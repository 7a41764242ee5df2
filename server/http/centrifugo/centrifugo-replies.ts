/**
 * What the Centrifugo door answers. Errors come in a 200, as an object with a code; ours have a third member, `detail`,
 * that says what was wrong with what. Pure.
 */
import { type Headers, type HttpResponse, KEEP_ALIVE } from '../message.ts';

export type ErrorCode = 100 | 104 | 107 | 108 | 113;

interface ErrorKind {
  readonly message: string;
  /** For callers that want errors as statuses. */
  readonly status: number;
}

const KINDS: Readonly<Record<ErrorCode, ErrorKind>> = {
  100: { message: 'internal server error', status: 500 },
  104: { message: 'method not found', status: 404 },
  107: { message: 'bad request', status: 400 },
  108: { message: 'not available', status: 400 },
  113: { message: 'conflict', status: 409 },
};

/** Why a command isn't done. */
export class CommandError extends Error {
  readonly code: ErrorCode;
  /** Undefined where there is nothing to add. */
  readonly detail: string | undefined;

  constructor(code: ErrorCode, detail?: string) {
    super(detail ?? KINDS[code].message);
    this.code = code;
    this.detail = detail;
  }
}

/** Parameters of a type that can't be decoded: on a route of one method the request as a whole is refused. */
export class UndecodableParams extends CommandError {
  constructor(detail: string) {
    super(107, detail);
  }
}

export const bad = (detail: string): CommandError => new CommandError(107, detail);
export const unavailable = (detail: string): CommandError => new CommandError(108, detail);

export type Reply = { readonly result: object } | { readonly error: ErrorObject };

export interface ErrorObject {
  readonly code: ErrorCode;
  readonly message: string;
  readonly detail?: string | undefined;
}

export function errorObject({ code, detail }: CommandError): ErrorObject {
  return { code, message: KINDS[code].message, detail };
}

const JSON_HEADERS: Headers = [['Content-Type', 'application/json'], KEEP_ALIVE];
const TEXT_HEADERS: Headers = [['Content-Type', 'text/plain; charset=utf-8'], KEEP_ALIVE];
const EMPTY_HEADERS: Headers = [KEEP_ALIVE];

export function replied(body: string): HttpResponse {
  return { status: 200, headers: JSON_HEADERS, body };
}

/** The error alone, under a status of its own. */
export function asStatus(error: ErrorObject): HttpResponse {
  return { status: KINDS[error.code].status, headers: JSON_HEADERS, body: JSON.stringify(error) };
}

const plain = (status: number, body: string): HttpResponse => ({ status, headers: TEXT_HEADERS, body });

export const BAD_REQUEST = plain(400, 'Bad Request\n');
export const NO_SUCH_ROUTE = plain(404, '404 page not found\n');
export const TOO_LARGE = plain(413, 'Request Entity Too Large\n');
export const FAILED = plain(500, 'Internal Server Error\n');
export const UNAUTHORIZED: HttpResponse = { status: 401, headers: EMPTY_HEADERS, body: '' };
export const POST_ONLY: HttpResponse = { status: 405, headers: [['Allow', 'POST'], KEEP_ALIVE], body: '' };
