/** Everything a node answers over HTTP: health, metrics, the console, the auth endpoints, and the APIs behind them. */
import type { Eventual } from '../lib/eventual.ts';
import type { Logger } from '../lib/logger.ts';
import { ADMIN_PREFIX, type AdminApi } from './admin-api.ts';
import type { AuthSite } from './auth/auth-site.ts';
import { failure, type HttpRequest, type HttpResponse } from './message.ts';
import type { SignedApi } from './signed-api.ts';

/** A page of the node itself, by path: unsigned, GET only. */
export type Page = () => Eventual<HttpResponse>;

export class Site {
  readonly #pages: ReadonlyMap<string, Page>;
  readonly #auth: AuthSite;
  readonly #api: SignedApi;
  readonly #admin: AdminApi | undefined;
  readonly #logger: Logger;

  /** @param admin undefined where there is no admin API */
  constructor(
    pages: ReadonlyMap<string, Page>,
    auth: AuthSite,
    admin: AdminApi | undefined,
    api: SignedApi,
    logger: Logger,
  ) {
    this.#pages = pages;
    this.#auth = auth;
    this.#api = api;
    this.#admin = admin;
    this.#logger = logger;
  }

  handle(request: HttpRequest): Eventual<HttpResponse> {
    const answer = this.#answer(request);
    if (!(answer instanceof Promise)) return this.#noted(request, answer);
    return answer.then((later) => this.#noted(request, later));
  }

  /** Whoever asks why a client gets nowhere finds the reason in the log. */
  #noted({ method, path }: HttpRequest, answer: HttpResponse): HttpResponse {
    const { status, body } = answer;
    if (status >= 400) this.#logger.debug({ method, path, status, reason: String(body) }, 'request refused');
    return answer;
  }

  #answer(request: HttpRequest): Eventual<HttpResponse> {
    const page = this.#pages.get(request.path);
    if (page !== undefined) {
      if (request.method === 'GET' || request.method === 'HEAD') return page();
      return failure(request, 405, 'Method not allowed: use GET', [['Allow', 'GET, HEAD']]);
    }
    // Only requests for these paths come with their caller.
    const authorized = request.caller === undefined ? undefined : this.#auth.handle(request);
    if (authorized !== undefined) return authorized;
    if (this.#admin !== undefined && request.path.startsWith(ADMIN_PREFIX))
      return this.#admin.handle(request);
    return this.#api.handle(request) ?? failure(request, 404, 'Not found');
  }
}
