/** Everything a node answers over HTTP: health, metrics, the console, and the APIs behind them. */
import type { Eventual } from '../lib/eventual.ts';
import { ADMIN_PREFIX, type AdminApi } from './admin-api.ts';
import { failure, type HttpRequest, type HttpResponse, text } from './message.ts';
import type { SignedApi } from './signed-api.ts';

/** A page of the node itself, by path: unsigned, GET only. */
export type Page = () => Eventual<HttpResponse>;

export class Site {
  readonly #pages: ReadonlyMap<string, Page>;
  readonly #api: SignedApi;
  readonly #admin: AdminApi | undefined;

  /** @param admin undefined where there is no admin API */
  constructor(pages: ReadonlyMap<string, Page>, api: SignedApi, admin: AdminApi | undefined) {
    this.#pages = pages;
    this.#api = api;
    this.#admin = admin;
  }

  handle(request: HttpRequest): Eventual<HttpResponse> {
    const page = this.#pages.get(request.path);
    if (page !== undefined) {
      if (request.method === 'GET' || request.method === 'HEAD') return page();
      return text(405, 'Method not allowed: use GET', [['Allow', 'GET, HEAD']]);
    }
    if (this.#admin !== undefined && request.path.startsWith(ADMIN_PREFIX))
      return this.#admin.handle(request);
    return this.#api.handle(request) ?? failure(request, 404, 'Not found');
  }
}
