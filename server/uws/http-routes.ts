/** HTTP requests of uWebSockets → values and back. Every handler is guarded: what escapes one would end the process. */
import type { TemplatedApp, HttpRequest as UwsRequest, HttpResponse as UwsResponse } from 'uWebSockets.js';
import type { CallerDetails, Headers, HttpRequest, HttpResponse } from '../http/message.ts';
import type { Resource } from '../http/resource.ts';
import type { Logger } from '../lib/logger.ts';
import { Counters } from '../telemetry/counters.ts';
import { nativeText } from './native-text.ts';
import { RequestBody } from './request-body.ts';

const NO_BODY = Buffer.alloc(0);

type RequestHead = Pick<HttpRequest, 'method' | 'path' | 'accept'>;

/** The same shape for all requests, so that each look at one is a quick one; the body comes last. */
class Incoming implements HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly accept: string;
  readonly caller: CallerDetails | undefined;
  body: Buffer = NO_BODY;

  constructor(method: string, path: string, request: UwsRequest, caller: CallerDetails | undefined) {
    this.method = method;
    this.path = path;
    this.query = request.getQuery() ?? '';
    this.accept = request.getHeader('accept');
    this.caller = caller;
  }
}

export interface HttpPorts {
  /** What answers requests for this path. */
  readonly find: (path: string) => Resource;
  /** What to answer where it wasn't reached, or failed. */
  readonly refusal: (request: RequestHead, status: number, message: string) => HttpResponse;
  readonly counters: Counters;
  readonly logger: Logger;
}

const STATUS_LINES: Readonly<Record<number, string>> = {
  200: '200 OK',
  201: '201 Created',
  202: '202 Accepted',
  204: '204 No Content',
  400: '400 Bad Request',
  401: '401 Unauthorized',
  402: '402 Payment Required',
  403: '403 Forbidden',
  404: '404 Not Found',
  405: '405 Method Not Allowed',
  409: '409 Conflict',
  412: '412 Precondition Failed',
  413: '413 Content Too Large',
  415: '415 Unsupported Media Type',
  422: '422 Unprocessable Entity',
  429: '429 Too Many Requests',
  500: '500 Internal Server Error',
  501: '501 Not Implemented',
  503: '503 Service Unavailable',
};

export interface HttpSettings {
  /** The longest body that is read; beyond it the answer is 413. */
  readonly bodyBytes: number;
  /** Whether a proxy in front says where requests come from. */
  readonly trustProxy: boolean;
}

export function addHttpRoutes(app: TemplatedApp, ports: HttpPorts, settings: HttpSettings): void {
  // By method where it is known, because asking uWebSockets for it is a call and a string.
  app.post('/*', (response, request) => new Exchange(ports, settings, response).start(request, 'POST'));
  app.get('/*', (response, request) => new Exchange(ports, settings, response).start(request, 'GET'));
  app.any('/*', (response, request) => {
    new Exchange(ports, settings, response).start(request, request.getMethod().toUpperCase());
  });
}

/** One request and its answer. */
class Exchange {
  readonly #ports: HttpPorts;
  readonly #settings: HttpSettings;
  readonly #response: UwsResponse;
  /** True once answered or aborted: uWebSockets has freed the response. */
  #over = false;
  /** True while uWebSockets waits for our handler: it corks by itself then. */
  #inHandler = true;
  #isHead = false;
  #head: RequestHead = { method: '', path: '', accept: '' };

  constructor(ports: HttpPorts, settings: HttpSettings, response: UwsResponse) {
    this.#ports = ports;
    this.#settings = settings;
    this.#response = response;
  }

  start(uwsRequest: UwsRequest, method: string): void {
    this.#response.onAborted(() => {
      this.#over = true;
    });
    try {
      const path = uwsRequest.getUrl();
      const resource = this.#ports.find(path);
      const caller = resource.needsCaller ? this.#callerOf(uwsRequest) : undefined;
      const request = new Incoming(method, path, uwsRequest, caller);
      this.#head = request;
      this.#isHead = method === 'HEAD';
      if (method === 'POST' || announcesBody(uwsRequest)) this.#read(request, resource);
      else this.#handle(request, resource, NO_BODY);
    } catch (error) {
      this.#failed(error);
    }
    this.#inHandler = false;
  }

  /** Now, because uWebSockets forgets a request once its handler has returned. */
  #callerOf(uwsRequest: UwsRequest): CallerDetails {
    const headers = new Map<string, string>();
    // A header in two lines is one list (RFC 9110, 5.3), cookies but for the separator.
    uwsRequest.forEach((name, value) => {
      const earlier = headers.get(name);
      const separator = name === 'cookie' ? '; ' : ', ';
      headers.set(name, earlier === undefined ? value : earlier + separator + value);
    });
    const peer = Buffer.from(this.#response.getRemoteAddressAsText()).toString('latin1');
    // The last address is the one our own proxy saw; those before it are the client's word.
    const told = this.#settings.trustProxy ? headers.get('x-forwarded-for')?.split(',').at(-1) : undefined;
    return { address: told?.trim() || peer, headers };
  }

  #read(request: Incoming, resource: Resource): void {
    let earlier: RequestBody | undefined;
    this.#response.onData((chunk, isLast) => {
      if (this.#over) return;
      this.#inHandler = true;
      try {
        if ((earlier?.length ?? 0) + chunk.byteLength > this.#settings.bodyBytes) {
          this.#answer(
            this.#ports.refusal(
              request,
              413,
              `Request body exceeds the allowed maximum (${this.#settings.bodyBytes} bytes)`,
            ),
          );
        } else if (isLast && earlier === undefined) {
          // The usual case. The chunk is used before the handler returns, or copied by whoever keeps it.
          this.#handle(request, resource, Buffer.from(chunk));
        } else {
          earlier ??= new RequestBody();
          earlier.add(chunk);
          if (isLast) this.#handle(request, resource, earlier.toBuffer());
        }
      } catch (error) {
        this.#failed(error);
      }
      this.#inHandler = false;
    });
  }

  #handle(request: Incoming, resource: Resource, body: Buffer): void {
    request.body = body;
    const response = resource.handle(request);
    if (response instanceof Promise) {
      response.then(
        (later) => this.#answer(later),
        (error: unknown) => this.#failed(error),
      );
    } else this.#answer(response);
  }

  #failed(error: unknown): void {
    this.#ports.logger.error({ err: error }, 'request handler failed');
    this.#answer(this.#ports.refusal(this.#head, 500, 'Internal error'));
  }

  #answer(answer: HttpResponse): void {
    if (this.#over) return;
    this.#over = true;
    Counters.count(this.#ports.counters.answers, answer.status);
    if (answer.status >= 400) this.#noteRefusal(answer);
    if (this.#inHandler) this.#write(answer);
    else this.#response.cork(() => this.#write(answer));
  }

  /** Whoever asks why a client gets nowhere finds the reason in the log. */
  #noteRefusal({ status, body }: HttpResponse): void {
    const { method, path } = this.#head;
    this.#ports.logger.debug({ method, path, status, reason: String(body) }, 'request refused');
  }

  #write({ status, headers, body }: HttpResponse): void {
    const response = this.#response;
    // uWebSockets writes 200 by itself.
    if (status !== 200) response.writeStatus(STATUS_LINES[status] ?? String(status));
    writeHeaders(response, headers);
    if (!this.#isHead) {
      response.end(typeof body === 'string' ? nativeText(body) : body);
      return;
    }
    // Written by hand, because given to endWithoutBody the length makes uWebSockets wait for that many bytes.
    response.writeHeader('Content-Length', String(Buffer.byteLength(body)));
    response.endWithoutBody();
  }
}

/** Whether a request without need of a body has one all the same. */
function announcesBody(request: UwsRequest): boolean {
  const length = request.getHeader('content-length');
  return (length !== '' && length !== '0') || request.getHeader('transfer-encoding') !== '';
}

/** Header lists are constants, so each is joined once. */
const joinedHeaders = new WeakMap<Headers, readonly [name: string, rest: string]>();

/**
 * Writes all headers in one native call: uWebSockets copies a value as it is, line ends included. Names and values
 * are ours alone, never a client's.
 */
function writeHeaders(response: UwsResponse, headers: Headers): void {
  let joined = joinedHeaders.get(headers);
  if (joined === undefined) {
    const [first = ['', ''], ...others] = headers;
    joined = [first[0], [first[1], ...others.map(([name, value]) => `\r\n${name}: ${value}`)].join('')];
    joinedHeaders.set(headers, joined);
  }
  response.writeHeader(joined[0], joined[1]);
}
