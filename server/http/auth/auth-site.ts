/**
 * The auth endpoints over HTTP: `/pusher/auth`, `/pusher/user-auth`, `/pusher/beams-auth`. Which app is meant, who may
 * read the answer, and what a decision looks like; the decision itself is the app's. docs/auth.md.
 */

import type { Decision } from '../../auth/app-auth.ts';
import type { AuthApp, AuthApps } from '../../auth/auth-apps.ts';
import type { Asked } from '../../auth/identity.ts';
import { callOf, isCallbackName } from '../../auth/jsonp.ts';
import type { Eventual } from '../../lib/eventual.ts';
import type { Logger } from '../../lib/logger.ts';
import type { OccasionalLog } from '../../lib/occasional-log.ts';
import { Unavailable } from '../../lib/unavailable.ts';
import { plainAddress } from '../../limits/network.ts';
import {
  type CallerDetails,
  type Headers,
  type HttpRequest,
  type HttpResponse,
  KEEP_ALIVE,
} from '../message.ts';
import { parameter, parseQuery } from '../query.ts';
import { corsHeaders, mostGenerous, originsOf, preflightHeaders, withCredentials } from './auth-cors.ts';
import { fieldsOf } from './auth-fields.ts';
import { type AuthPath, authPathOf } from './auth-paths.ts';

/** Names the app where the path doesn't. */
const APP_FIELD = 'app_key';

const NO_STORE = ['Cache-Control', 'no-store'] as const;
const NO_SNIFFING = ['X-Content-Type-Options', 'nosniff'] as const;

/** A request with all that the endpoints look at. */
interface Call {
  readonly request: HttpRequest;
  readonly caller: CallerDetails;
  readonly path: AuthPath;
}

export class AuthSite {
  readonly #apps: AuthApps;
  readonly #logger: Logger;
  readonly #log: OccasionalLog;

  constructor(apps: AuthApps, logger: Logger, log: OccasionalLog) {
    this.#apps = apps;
    this.#logger = logger;
    this.#log = log;
  }

  /** Whether requests for this path need the caller's details. */
  serves(path: string): boolean {
    return authPathOf(path) !== undefined && this.#apps.all().length > 0;
  }

  /** Answers a request that came with details; undefined if the path is none of these. */
  handle(request: HttpRequest): Eventual<HttpResponse> | undefined {
    const path = authPathOf(request.path);
    const { caller } = request;
    if (path === undefined || caller === undefined) return undefined;
    const call = { request, caller, path };
    return request.method === 'OPTIONS' ? this.#preflight(call) : this.#answer(call);
  }

  /** The body, which may name the app, is yet to come: any app that could be meant may allow the origin. */
  #preflight({ request, caller, path }: Call): HttpResponse {
    const origin = caller.headers.get('origin') ?? '';
    const named = path.app ?? parameter(parseQuery(request.query), APP_FIELD);
    const cors = this.#corsOfAny(origin, named);
    const readable = names(cors, 'Access-Control-Allow-Origin');
    const requested = withCredentials(cors)
      ? (caller.headers.get('access-control-request-headers') ?? '')
      : '';
    const more = readable ? this.#candidates(named).flatMap(tokenHeadersOf) : [];
    const headers = readable ? [...cors, ...preflightHeaders(more, requested)] : cors;
    return { status: 204, headers: [...headers, KEEP_ALIVE], body: '' };
  }

  /** The app of that name, or all where none is named or found: what is said of a wrong name is no secret. */
  #candidates(named: string | undefined): readonly AuthApp[] {
    const found = named === undefined ? undefined : this.#apps.find(named);
    return found === undefined ? this.#apps.all() : [found];
  }

  #corsOfAny(origin: string, named: string | undefined): Headers {
    return mostGenerous(
      this.#candidates(named).map(({ app, settings }) => corsHeaders(origin, originsOf(app, settings))),
    );
  }

  #answer({ request, caller, path }: Call): Eventual<HttpResponse> {
    // Everything of the body is read here: it may be gone once something has been waited for.
    const fields = fieldsOf(request, caller.headers.get('content-type') ?? '');
    const origin = caller.headers.get('origin') ?? '';
    if (typeof fields === 'string') return text(400, fields, this.#corsOfAny(origin, path.app));
    const named = path.app ?? fields.get(APP_FIELD);
    const app = this.#appOf(named);
    if ('status' in app) return { ...app, headers: [...app.headers, ...this.#corsOfAny(origin, named)] };
    const cors = corsHeaders(origin, originsOf(app.app, app.settings));
    const shape = shapeOf(request.method, path.kind, fields.get('callback'));
    if (typeof shape !== 'string') return { ...shape, headers: [...shape.headers, ...cors] };
    const asked: Asked = {
      kind: path.kind,
      fields,
      headers: shape === '' ? caller.headers : headersOfScript(caller.headers),
      address: plainAddress(caller.address),
      // Any page can include a script and read what it calls: there, a cookie doesn't show whose wish it is.
      cookies: shape === '',
    };
    return app.auth
      .decide(asked)
      .catch(asUnavailable)
      .then(
        (decision) => {
          this.#note(app, asked, decision);
          return responseOf(decision, path.kind, shape, cors);
        },
        (error: unknown) => {
          this.#logger.error({ err: error, app: app.app.id, path: request.path }, 'auth request failed');
          return text(500, 'Internal error', cors);
        },
      );
  }

  /** The app that is named, or the only one there is. */
  #appOf(named: string | undefined): AuthApp | HttpResponse {
    if (named !== undefined) {
      return this.#apps.find(named) ?? text(404, 'Unknown app, or its auth endpoints are off', []);
    }
    const [only, ...others] = this.#apps.all();
    if (only !== undefined && others.length === 0) return only;
    return text(
      400,
      `Several apps have auth endpoints: say which by /apps/{key}/pusher/auth or ?${APP_FIELD}={key}`,
      [],
    );
  }

  /**
   * Denials in words, for the operator; the client learns nothing it could probe the rules with. One of a kind in a
   * while: anybody can ask for denials, by the thousand.
   */
  #note({ app }: AuthApp, asked: Asked, decision: Decision): void {
    const about = {
      app: app.id,
      endpoint: asked.kind,
      address: asked.address,
      channel: asked.fields.get('channel_name')?.slice(0, 200),
    };
    switch (decision.type) {
      case 'denied':
        this.#log.warn(
          `${app.id} ${kindOf(decision.reason)}`,
          { ...about, user: decision.userId, reason: decision.reason },
          'auth denied',
        );
        break;
      case 'limited':
        this.#log.warn(`${app.id} ${decision.by}`, { ...about, by: decision.by }, 'auth rate limited');
        break;
      case 'unavailable':
        this.#log.warn(app.id, { ...about, reason: decision.reason }, 'auth unavailable');
        break;
      case 'granted':
      case 'invalid':
        break;
    }
  }
}

function asUnavailable(error: unknown): Decision {
  if (error instanceof Unavailable) return { type: 'unavailable', reason: error.message };
  throw error;
}

/** A reason without what it quotes, some of which is the token's own and could be made up anew each time. */
const kindOf = (reason: string): string => reason.split('"', 1)[0] ?? '';

/** Browsers add the Basic credentials they know to script tags of any page: like a cookie, they show nobody's wish. */
function headersOfScript(headers: CallerDetails['headers']): CallerDetails['headers'] {
  const ofPage = /^\s*bearer\s/i.test(headers.get('authorization') ?? '');
  return ofPage ? headers : new Map([...headers].filter(([name]) => name !== 'authorization'));
}

const tokenHeadersOf = ({ settings }: AuthApp): string[] =>
  settings.token === undefined ? [] : [settings.token.header];

const names = (headers: Headers, wanted: string): boolean => headers.some(([name]) => name === wanted);

/** The JSONP callback, '' for plain JSON, or the answer to a request of neither form. */
function shapeOf(method: string, kind: Asked['kind'], callback: string | undefined): string | HttpResponse {
  const get = method === 'GET' || method === 'HEAD';
  if (kind === 'beams') return get ? '' : otherMethod('GET');
  if (method === 'POST') return '';
  if (!get || callback === undefined) return otherMethod('POST, or GET with a callback');
  return isCallbackName(callback)
    ? callback
    : text(
        400,
        "Invalid callback: it must be the name of a function, such as Pusher.auth_callbacks['1']",
        [],
      );
}

function otherMethod(allowed: string): HttpResponse {
  const allow = allowed === 'GET' ? 'GET, OPTIONS' : 'GET, POST, OPTIONS';
  return text(405, `Method not allowed: use ${allowed}`, [['Allow', allow]]);
}

function responseOf(decision: Decision, kind: Asked['kind'], callback: string, cors: Headers): HttpResponse {
  switch (decision.type) {
    case 'granted':
      return callback === ''
        ? respond(200, 'application/json', decision.json, cors)
        : respond(200, 'application/javascript; charset=utf-8', callOf(callback, decision.json), cors);
    case 'denied':
      // Beams' own examples answer 401, those of channels 403.
      return text(kind === 'beams' ? 401 : 403, 'forbidden', cors);
    case 'invalid':
      return text(400, decision.message, cors);
    case 'limited':
      return text(429, 'Too many requests', [
        ...cors,
        ['Retry-After', String(Math.ceil(decision.waitMs / 1000))],
      ]);
    case 'unavailable':
      return text(503, 'Temporarily unavailable', [...cors, ['Retry-After', '1']]);
  }
}

function text(status: number, body: string, headers: Headers): HttpResponse {
  return respond(status, 'text/plain; charset=utf-8', body, headers);
}

function respond(status: number, type: string, body: string, headers: Headers): HttpResponse {
  return { status, headers: [['Content-Type', type], NO_STORE, NO_SNIFFING, KEEP_ALIVE, ...headers], body };
}
