/**
 * The Centrifugo door: the push part of Centrifugo's server API, in its three forms. `POST /api` takes a stream of
 * commands, `POST /api/<method>` one, `POST /api/batch` a list. Only backends call, with an API key.
 * docs/centrifugo-push.md.
 */
import { isUtf8 } from 'node:buffer';
import type { App } from '../../apps/app.ts';
import type { Logger } from '../../lib/logger.ts';
import { isNestedDeeper, MOST_LEVELS } from '../../lib/nesting.ts';
import type { OccasionalLog } from '../../lib/occasional-log.ts';
import type { HttpRequest, HttpResponse } from '../message.ts';
import { isPassing } from '../passing-failure.ts';
import type { Door } from '../site.ts';
import type { Commands } from './centrifugo-commands.ts';
import type { CentrifugoKeys } from './centrifugo-keys.ts';
import {
  asStatus,
  BAD_REQUEST,
  bad,
  CommandError,
  errorObject,
  FAILED,
  NO_SUCH_ROUTE,
  POST_ONLY,
  type Reply,
  replied,
  TOO_LARGE,
  UNAUTHORIZED,
  UndecodableParams,
} from './centrifugo-replies.ts';
import { Params } from './command-params.ts';
import { commandsIn, objectIn, type SentCommand } from './command-stream.ts';

export interface CentrifugoSitePorts {
  readonly keys: CentrifugoKeys;
  readonly commands: Commands;
  readonly logger: Logger;
  /** For what may fail thousands of times. */
  readonly log: OccasionalLog;
}

const BATCH = 'batch';

export class CentrifugoSite implements Door {
  readonly #ports: CentrifugoSitePorts;

  constructor(ports: CentrifugoSitePorts) {
    this.#ports = ports;
  }

  serves(path: string): boolean {
    return routeOf(path) !== undefined;
  }

  refusal(_path: string, status: number): HttpResponse {
    return status === 413 ? TOO_LARGE : FAILED;
  }

  handle(request: HttpRequest): HttpResponse | Promise<HttpResponse> | undefined {
    const route = routeOf(request.path);
    if (route === undefined) return undefined;
    const isKnown = route === '' || route === BATCH || this.#ports.commands.has(route);
    if (!isKnown) return NO_SUCH_ROUTE;
    if (request.method !== 'POST') return POST_ONLY;
    const app = this.#ports.keys.appOf(request);
    if (app === undefined) return UNAUTHORIZED;
    if (!isUtf8(request.body)) return BAD_REQUEST;
    const body = request.body.toString('utf8');
    if (route === '') return this.#stream(app, body);
    if (route === BATCH) return this.#batch(app, body);
    const asStatuses = request.caller?.headers.get('x-centrifugo-error-mode')?.toLowerCase() === 'transport';
    return this.#one(app, route, body, asStatuses);
  }

  async #stream(app: App, body: string): Promise<HttpResponse> {
    const sent = commandsIn(body);
    // Looked through before the first is done, so that of a request that is refused nothing is.
    if (sent === undefined || sent.some((command) => this.#isUnknown(command))) return BAD_REQUEST;
    const lines: string[] = [];
    // One after the other: each may rely on those before it.
    for (const { id, method, params } of sent) {
      lines.push(JSON.stringify({ id, ...(await this.#reply(app, String(method), params)) }));
    }
    return replied(lines.join('\n'));
  }

  async #one(app: App, method: string, body: string, asStatuses: boolean): Promise<HttpResponse> {
    const params = objectIn(body);
    if (params === undefined) return BAD_REQUEST;
    const reply = await this.#attempt(app, method, params);
    if (!(reply instanceof CommandError)) return replied(JSON.stringify(reply));
    if (reply instanceof UndecodableParams) return BAD_REQUEST;
    const error = errorObject(reply);
    return asStatuses ? asStatus(error) : replied(JSON.stringify({ error }));
  }

  async #batch(app: App, body: string): Promise<HttpResponse> {
    const commands = objectIn(body)?.['commands'];
    if (!Array.isArray(commands)) return BAD_REQUEST;
    const replies: object[] = [];
    for (const command of commands) {
      const [method, ...others] = Object.keys(command ?? {});
      if (method === undefined || others.length > 0) return BAD_REQUEST;
      const reply = await this.#reply(app, method, command[method]);
      replies.push('result' in reply ? { [method]: reply.result } : reply);
    }
    return replied(JSON.stringify({ replies }));
  }

  /** Names must be right; numbers differ from version to version, so none is. */
  #isUnknown({ method }: SentCommand): boolean {
    return typeof method === 'string' && !this.#ports.commands.has(method);
  }

  async #reply(app: App, method: string, params: unknown): Promise<Reply> {
    const reply = await this.#attempt(app, method, params);
    return reply instanceof CommandError ? { error: errorObject(reply) } : reply;
  }

  async #attempt(app: App, method: string, params: unknown): Promise<{ result: object } | CommandError> {
    const command = this.#ports.commands.get(method);
    if (command === undefined) return new CommandError(104);
    if (isNestedDeeper(params, MOST_LEVELS))
      return bad(`params are nested deeper than ${MOST_LEVELS} levels`);
    try {
      return { result: await command({ app, method, params: new Params(params) }) };
    } catch (error) {
      if (error instanceof CommandError) return error;
      if (isPassing(error)) {
        this.#ports.log.warn(
          'centrifugo',
          { err: error, method },
          'command of Centrifugo can not be done now',
        );
        return new CommandError(100, 'the service is temporarily unavailable');
      }
      this.#ports.logger.error({ err: error, appId: app.id, method }, 'command of Centrifugo failed');
      return new CommandError(100);
    }
  }
}

/** '' for `/api`; undefined for what is none of ours, such as the HTTP API behind a proxy's `/api/`. */
function routeOf(path: string): string | undefined {
  if (path === '/api') return '';
  const name = path.startsWith('/api/') ? path.slice('/api/'.length) : '';
  return name === '' || name.includes('/') ? undefined : name;
}
