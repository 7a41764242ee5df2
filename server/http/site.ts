/** Everything a node answers over HTTP: health, metrics, the console, the doors (auth endpoints, push), the APIs. */
import type { Eventual } from '../lib/eventual.ts';
import { ADMIN_PREFIX, type AdminApi } from './admin-api.ts';
import { failure, type HttpRequest, type HttpResponse } from './message.ts';
import type { Resource } from './resource.ts';
import { APPS } from './routes.ts';
import type { SignedApi } from './signed-api.ts';

/** A page of the node itself, by path: unsigned, GET only. */
export type Page = () => Eventual<HttpResponse>;

/** A family of paths with manners of its own, whose requests come with their caller. */
export interface Door {
  /** Whether this path is one of the family: then its requests need the caller's details. */
  serves(path: string): boolean;
  /** Answers a request that came with details; undefined if the path is none of the family. */
  handle(request: HttpRequest): Eventual<HttpResponse> | undefined;
  /**
   * What is said, in the family's manner, of a request that got no further than the transport: the body was too long,
   * or something failed.
   */
  refusal?(path: string, status: number): HttpResponse;
}

export class Site {
  readonly #pages: ReadonlyMap<string, Page>;
  readonly #doors: readonly Door[];
  readonly #api: SignedApi;
  readonly #admin: AdminApi | undefined;

  /** @param admin undefined where there is no admin API */
  constructor(
    pages: ReadonlyMap<string, Page>,
    doors: readonly Door[],
    admin: AdminApi | undefined,
    api: SignedApi,
  ) {
    this.#pages = pages;
    this.#doors = doors;
    this.#api = api;
    this.#admin = admin;
  }

  /** What answers requests for this path. */
  find(path: string): Resource {
    // Nearly every request is for the API, so nobody else is asked about those that can be nobody else's.
    const ofApi = path.startsWith(APPS) ? this.#api.find(path) : undefined;
    if (ofApi !== undefined) return ofApi;
    const ofAdmin = this.#admin !== undefined && path.startsWith(ADMIN_PREFIX);
    return {
      needsCaller: ofAdmin || this.#doorOf(path) !== undefined,
      handle: (request) => this.#answer(request),
    };
  }

  /** The answer to a request that the transport gives up on. */
  refusal(request: Pick<HttpRequest, 'path' | 'accept'>, status: number, message: string): HttpResponse {
    return this.#doorOf(request.path)?.refusal?.(request.path, status) ?? failure(request, status, message);
  }

  #answer(request: HttpRequest): Eventual<HttpResponse> {
    const page = this.#pages.get(request.path);
    if (page !== undefined) {
      if (request.method === 'GET' || request.method === 'HEAD') return page();
      return failure(request, 405, 'Method not allowed: use GET', [['Allow', 'GET, HEAD']]);
    }
    // Only requests for these paths come with their caller.
    if (request.caller !== undefined) {
      for (const door of this.#doors) {
        const answer = door.handle(request);
        if (answer !== undefined) return answer;
      }
    }
    if (this.#admin !== undefined && request.path.startsWith(ADMIN_PREFIX))
      return this.#admin.handle(request);
    return this.#api.find(request.path)?.handle(request) ?? failure(request, 404, 'Not found');
  }

  #doorOf(path: string): Door | undefined {
    for (const door of this.#doors) if (door.serves(path)) return door;
    return undefined;
  }
}
