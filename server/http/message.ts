/** A request and an answer of the HTTP side, as values. */

export interface HttpRequest {
  /** In upper case. */
  readonly method: string;
  /** As sent, percent-encoding included, without the query. */
  readonly path: string;
  /** As sent, without the question mark; '' when there is none. */
  readonly query: string;
  /** The `Accept` header; '' when absent. */
  readonly accept: string;
  /** The `Authorization` header; '' when absent, and outside the admin API, which alone asks for it. */
  readonly authorization: string;
  /** Empty for methods without a body. */
  readonly body: Buffer;
}

export type Headers = ReadonlyArray<readonly [name: string, value: string]>;

export interface HttpResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string | Buffer;
}

/** Any page may read the answers: what guards the API is the signature in each request, not a cookie. */
const CORS = ['Access-Control-Allow-Origin', '*'] as const;
/** uWebSockets closes an idle connection after about ten seconds: clients that pool connections must know. */
const KEEP_ALIVE = ['Keep-Alive', 'timeout=8'] as const;

const JSON_HEADERS: Headers = [['Content-Type', 'application/json'], CORS, KEEP_ALIVE];
const TEXT_HEADERS: Headers = [['Content-Type', 'text/plain; charset=utf-8'], CORS, KEEP_ALIVE];

/** 200 with a JSON object, already encoded. */
export function json(body: string): HttpResponse {
  return { status: 200, headers: JSON_HEADERS, body };
}

/** The answer to what worked and has nothing to say. */
export const EMPTY_OBJECT: HttpResponse = json('{}');

/** Plain text, or JSON for the one SDK that parses every answer as JSON and says so in its `Accept`. */
export function failure(
  request: Pick<HttpRequest, 'accept'>,
  status: number,
  message: string,
  more: Headers = [],
): HttpResponse {
  return request.accept === 'application/json'
    ? { status, headers: [...JSON_HEADERS, ...more], body: JSON.stringify({ error: message }) }
    : { status, headers: [...TEXT_HEADERS, ...more], body: message };
}

export function text(status: number, body: string, headers: Headers = []): HttpResponse {
  return { status, headers: [...TEXT_HEADERS, ...headers], body };
}
