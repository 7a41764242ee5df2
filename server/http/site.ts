/** Everything a node answers over HTTP: health, metrics, the console, and the API behind them. */
import type { Eventual } from '../lib/eventual.ts';
import { failure, type HttpRequest, type HttpResponse } from './message.ts';
import type { SignedApi } from './signed-api.ts';

/** A page of the node itself, by path: unsigned, GET only. */
export type Page = () => Eventual<HttpResponse>;

export class Site {
  readonly #pages: ReadonlyMap<string, Page>;
  readonly #api: SignedApi;

  constructor(pages: ReadonlyMap<string, Page>, api: SignedApi) {
    this.#pages = pages;
    this.#api = api;
  }

  handle(request: HttpRequest): Eventual<HttpResponse> {
    const page = this.#pages.get(request.path);
    if (page !== undefined) {
      if (request.method === 'GET' || request.method === 'HEAD') return page();
      return failure(request, 405, 'Method not allowed: use GET', [['Allow', 'GET, HEAD']]);
    }
    return this.#api.handle(request) ?? failure(request, 404, 'Not found');
  }
}
