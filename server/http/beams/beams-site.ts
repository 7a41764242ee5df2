/**
 * The Beams doors: publishing for backends, the device and reporting APIs for phones and pages. What a request has to
 * be before it is looked into, in the order in which Beams says so: route, instance id, authorization, body, instance,
 * secret, rate. docs/beams.md.
 */
import { hash, timingSafeEqual } from 'node:crypto';
import { UnstorableText } from '../../database/database-error.ts';
import { andThen, type Eventual } from '../../lib/eventual.ts';
import type { Logger } from '../../lib/logger.ts';
import type { OccasionalLog } from '../../lib/occasional-log.ts';
import type { RateLimiter } from '../../limits/rate-limiter.ts';
import type { Strangers } from '../../limits/strangers.ts';
import type { HttpRequest, HttpResponse } from '../message.ts';
import { isPassing } from '../passing-failure.ts';
import type { Door } from '../site.ts';
import type { BeamsApi, BeamsCall } from './beams-api.ts';
import { bodyOf, MAX_KIB } from './beams-body.ts';
import type { BeamsInstances } from './beams-instances.ts';
import { beamsPathOf, callerOf, isBeamsPath, isInstanceId, operationOf } from './beams-paths.ts';
import {
  badRequest,
  INSTANCE_NOT_FOUND,
  INTERNAL_ERROR,
  INVALID_INSTANCE_ID,
  NO_AUTHORIZATION,
  NO_INSTANCE_ID,
  NOT_FOUND,
  PREFLIGHT,
  type Reply,
  rateLimited,
  responseOf,
  tooLarge,
  UNAVAILABLE,
  WRONG_SECRET,
} from './beams-reply.ts';

export interface BeamsSitePorts {
  readonly instances: BeamsInstances;
  readonly api: BeamsApi;
  readonly limiter: RateLimiter;
  /** Phones and pages. */
  readonly strangers: Strangers;
  readonly logger: Logger;
  /** For what may fail thousands of times. */
  readonly log: OccasionalLog;
}

/** Requests a backend may make of one instance in a second. */
const PER_SECOND = 100;

export class BeamsSite implements Door {
  readonly #ports: BeamsSitePorts;

  constructor(ports: BeamsSitePorts) {
    this.#ports = ports;
  }

  serves(path: string): boolean {
    return isBeamsPath(path);
  }

  refusal(path: string, status: number): HttpResponse {
    const reply =
      status === 413 ? tooLarge(path.endsWith('/users') ? MAX_KIB.users : MAX_KIB.interests) : INTERNAL_ERROR;
    return responseOf(reply, callerOf(path) === 'device');
  }

  handle(request: HttpRequest): Eventual<HttpResponse> | undefined {
    if (!isBeamsPath(request.path)) return undefined;
    const pages = callerOf(request.path) === 'device';
    if (pages && request.method === 'OPTIONS') return PREFLIGHT;
    try {
      const reply = this.#answer(request);
      return reply instanceof Promise
        ? reply.then(
            (later) => responseOf(later, pages),
            (error: unknown) => responseOf(this.#failed(request, error), pages),
          )
        : responseOf(reply, pages);
    } catch (error) {
      return responseOf(this.#failed(request, error), pages);
    }
  }

  #answer(request: HttpRequest): Eventual<Reply> {
    const path = beamsPathOf(request.path);
    if (path?.instanceId === '') return NO_INSTANCE_ID;
    const operation = path === undefined ? undefined : operationOf(request.method, path);
    if (path === undefined || operation === undefined) return NOT_FOUND;
    if (!isInstanceId(path.instanceId)) return INVALID_INSTANCE_ID;
    const authorization = request.caller?.headers.get('authorization');
    if (path.caller === 'server' && (authorization ?? '') === '') return NO_AUTHORIZATION;
    const body = bodyOf(request, operation);
    if ('status' in body) return body;
    const instance = this.#ports.instances.find(path.instanceId);
    if (instance === undefined) return INSTANCE_NOT_FOUND;
    const headers = request.caller?.headers ?? new Map<string, string>();
    const call: BeamsCall = { instance, operation, ...body, query: request.query, headers };
    return path.caller === 'server'
      ? this.#authorized(call, authorization ?? '')
      : this.#known(call, request.caller?.address ?? '');
  }

  #authorized(call: BeamsCall, authorization: string): Eventual<Reply> {
    const { beams } = call.instance;
    const given = /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
    if (given === undefined || !timingSafeEqual(digest(given), digest(beams.secretKey))) return WRONG_SECRET;
    const rate = { perSecond: PER_SECOND, burst: PER_SECOND };
    return andThen(this.#ports.limiter.take(`beams/${beams.instanceId.toLowerCase()}`, rate), (waitMs) =>
      waitMs === 0 ? this.#ports.api.answer(call) : rateLimited(PER_SECOND, waitMs),
    );
  }

  /** Of whom an instance's id is known, which its pages tell everybody. */
  #known(call: BeamsCall, address: string): Eventual<Reply> {
    const { api, strangers } = this.#ports;
    return andThen(strangers.take(call.instance.app.id, address), (waitMs) =>
      waitMs === 0 ? api.answer(call) : rateLimited(strangers.rate.perSecond, waitMs),
    );
  }

  #failed({ method, path }: HttpRequest, error: unknown): Reply {
    if (error instanceof UnstorableText) return badRequest('Texts must not contain NUL characters.');
    if (isPassing(error)) {
      this.#ports.log.warn('beams', { err: error, method, path }, 'request for Beams can not be served now');
      return UNAVAILABLE;
    }
    this.#ports.logger.error({ err: error, method, path }, 'request for Beams failed');
    return INTERNAL_ERROR;
  }
}

/** Digests are compared, because they are of one length whatever was sent. */
function digest(text: string): Buffer {
  return Buffer.from(hash('sha256', text, 'hex'), 'hex');
}
