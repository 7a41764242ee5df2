/** The Kinvey door: devices of users, the users themselves as far as push needs them, and sending. docs/kinvey-push.md. */
import type { Ids } from '../../lib/ids.ts';
import type { Logger } from '../../lib/logger.ts';
import type { OccasionalLog } from '../../lib/occasional-log.ts';
import type { Strangers } from '../../limits/strangers.ts';
import type { KinveySessions } from '../../push/kinvey/kinvey-sessions.ts';
import { TooManyPasswords } from '../../push/kinvey/password-hash.ts';
import type { HttpRequest, HttpResponse } from '../message.ts';
import { isPassing } from '../passing-failure.ts';
import type { Door } from '../site.ts';
import type { KinveyAccounts } from './kinvey-accounts.ts';
import type { KinveyApp, KinveyApps } from './kinvey-apps.ts';
import { fieldsIn } from './kinvey-body.ts';
import { type Caller, type Credentials, callerOf, credentialsIn, needed } from './kinvey-credentials.ts';
import type { KinveyDevices } from './kinvey-devices.ts';
import { kinveyPathOf, type Operation } from './kinvey-paths.ts';
import { answered, DONE, KinveyError, numbered, PREFLIGHT, refused } from './kinvey-replies.ts';
import type { KinveySends } from './kinvey-sends.ts';

/** What there is with a database only. */
export interface KinveyRegistry {
  readonly sessions: KinveySessions;
  readonly accounts: KinveyAccounts;
  readonly devices: KinveyDevices;
}

export interface KinveySitePorts {
  readonly apps: KinveyApps;
  readonly registry: KinveyRegistry | undefined;
  readonly sends: KinveySends;
  readonly ids: Ids;
  /** Users, and the application itself, whose secret is in every copy of it. */
  readonly strangers: Strangers;
  /** Those of them who have a password looked at, or kept. */
  readonly guessers: Strangers;
  readonly logger: Logger;
  /** For what may fail thousands of times. */
  readonly log: OccasionalLog;
}

export class KinveySite implements Door {
  readonly #ports: KinveySitePorts;

  constructor(ports: KinveySitePorts) {
    this.#ports = ports;
  }

  serves(path: string): boolean {
    return kinveyPathOf(path) !== undefined;
  }

  refusal(_path: string, status: number): HttpResponse {
    const error =
      status === 413
        ? new KinveyError('ParameterValueOutOfRange', 'the body is too long')
        : new KinveyError('KinveyInternalErrorRetry');
    return this.#numbered(refused(error));
  }

  handle(request: HttpRequest): Promise<HttpResponse> | HttpResponse | undefined {
    const path = kinveyPathOf(request.path);
    if (path === undefined) return undefined;
    if (request.method === 'OPTIONS') return this.#numbered(PREFLIGHT);
    const app = this.#ports.apps.find(path.appKey);
    if (app === undefined) return this.#numbered(refused(new KinveyError('AppNotFound')));
    if (request.method !== path.method) {
      return this.#numbered(refused(new KinveyError('BadRequest', `use ${path.method}`)));
    }
    // The transport takes the body back, and who calls has to be found out first.
    const kept = { ...request, body: Buffer.from(request.body) };
    return this.#answer(app, path.operation, kept)
      .catch((error: unknown) => refused(this.#errorOf(error, request)))
      .then((response) => this.#numbered(response));
  }

  /** What support is told to ask for. */
  #numbered(response: HttpResponse): HttpResponse {
    return numbered(response, this.#ports.ids.uniqueId().replaceAll('-', ''));
  }

  async #answer(app: KinveyApp, operation: Operation, request: HttpRequest): Promise<HttpResponse> {
    const { address = '', headers } = request.caller ?? {};
    const credentials = credentialsIn(app.kinvey, headers?.get('authorization'));
    await this.#limit(app.app.id, credentials, operation, address);
    const caller = await callerOf(app.app.id, credentials, this.#ports.registry?.sessions);
    switch (operation.kind) {
      case 'register':
      case 'unregister':
        return this.#device(app, operation.kind, caller, request);
      case 'send':
      case 'broadcast':
        return this.#send(app, operation.kind, caller, request);
      default:
        return this.#account(app, operation, caller, request);
    }
  }

  /** A backend may ask as often as it likes. */
  async #limit(appId: string, { kind }: Credentials, operation: Operation, address: string): Promise<void> {
    if (kind === 'master') return;
    const { strangers, guessers } = this.#ports;
    const slow = kind === 'password' || operation.kind === 'sign up' || operation.kind === 'log in';
    const waitMs = (await strangers.take(appId, address)) || (slow ? await guessers.take(appId, address) : 0);
    if (waitMs > 0) throw new KinveyError('TooManyRequests', 'too many requests from this address');
  }

  async #device(
    { app }: KinveyApp,
    kind: 'register' | 'unregister',
    caller: Caller,
    { body }: HttpRequest,
  ): Promise<HttpResponse> {
    if (caller.kind === 'app') throw new KinveyError('InsufficientCredentials');
    const { devices } = needed(this.#ports.registry);
    await devices[kind](app.id, caller, fieldsIn(body));
    return DONE;
  }

  async #send(
    { app }: KinveyApp,
    kind: 'send' | 'broadcast',
    caller: Caller,
    { body }: HttpRequest,
  ): Promise<HttpResponse> {
    if (caller.kind !== 'master') throw new KinveyError('InsufficientCredentials');
    return answered(200, await this.#ports.sends[kind](app, fieldsIn(body)));
  }

  async #account(
    app: KinveyApp,
    operation: Exclude<Operation, { kind: 'register' | 'unregister' | 'send' | 'broadcast' }>,
    caller: Caller,
    { body }: HttpRequest,
  ): Promise<HttpResponse> {
    const { accounts } = needed(this.#ports.registry);
    switch (operation.kind) {
      case 'sign up':
        return answered(201, await accounts.signUp(app, caller, body.length === 0 ? {} : fieldsIn(body)));
      case 'log in':
        return answered(200, await accounts.logIn(app, caller, fieldsIn(body)));
      case 'log out':
        await accounts.logOut(app, caller);
        return DONE;
      case 'read me':
        return answered(200, await accounts.readMe(app, caller));
      case 'read user':
        return answered(200, await accounts.read(app, caller, operation.id));
    }
  }

  #errorOf(error: unknown, { method, path }: HttpRequest): KinveyError {
    if (error instanceof KinveyError) return error;
    if (error instanceof TooManyPasswords) return new KinveyError('TooManyRequests', error.message);
    if (isPassing(error)) {
      this.#ports.log.warn(
        'kinvey',
        { err: error, method, path },
        'request for Kinvey can not be served now',
      );
      return new KinveyError('KinveyInternalErrorRetry', 'the service is temporarily unavailable');
    }
    this.#ports.logger.error({ err: error, method, path }, 'request for Kinvey failed');
    return new KinveyError('KinveyInternalErrorRetry');
  }
}
