/** `pusher:signin`. PROTOCOL.md, "Users". */
import {
  asObject,
  Codes,
  errorFrame,
  isWellFormed,
  parseObject,
  rawMember,
  type SignIn,
  signInSuccess,
  userStringToSign,
} from '../../protocol/index.ts';
import type { AppRegistry } from '../apps/app-registry.ts';
import { andThen, type Eventual } from '../lib/eventual.ts';
import type { Logger } from '../lib/logger.ts';
import { authProblem } from './authorize.ts';
import type { Connection, User } from './connection.ts';
import { type WatchlistPorts, watch } from './watchlist.ts';

export interface SignInPorts extends WatchlistPorts {
  readonly registry: AppRegistry;
  readonly logger: Logger;
  /** Called when a connection has signed in. */
  readonly authorized: (connection: Connection) => void;
  /** Whether a right signature may still be used for this user; else the sentence for the client. */
  readonly signInProblem: (connection: Connection, userId: string) => Eventual<string | undefined>;
}

interface Identity {
  readonly user: User;
  readonly watchlist: readonly string[];
}

/** Sign-ins of one connection that wait for the one before: each asks the store for a whole watchlist. */
const MOST_WAITING = 10;

export class SignInCommand {
  readonly #ports: SignInPorts;
  /** Sign-ins under way, of connections that have any. */
  readonly #underWay = new WeakMap<Connection, number>();

  constructor(ports: SignInPorts) {
    this.#ports = ports;
  }

  run(connection: Connection, message: SignIn): void {
    const { app } = connection.hub;
    const signed = userStringToSign(connection.id, message.userData);
    const problem = authProblem(this.#ports.registry, app, message.auth, signed);
    if (problem !== undefined) {
      this.#refuse(connection, problem);
      return;
    }
    const identity = parseUserData(message.userData, app.limits.userIdLength);
    if (typeof identity === 'string') {
      this.#refuse(connection, identity);
      return;
    }
    if (this.#underWayOf(connection) > MOST_WAITING) {
      this.#refuse(connection, `Too many sign-ins at once: ${MOST_WAITING} may wait for the one under way`);
      return;
    }
    try {
      // One after the other, or the second could be answered first.
      const done = andThen(connection.signingIn, () => this.#admit(connection, identity, message.userData));
      if (done instanceof Promise) this.#await(connection, done);
      else if (done !== undefined) this.#refuse(connection, done);
    } catch (error) {
      this.#unavailable(connection, error);
    }
  }

  #await(connection: Connection, done: Promise<string | undefined>): void {
    this.#underWay.set(connection, this.#underWayOf(connection) + 1);
    const signingIn = done
      .then((obstacle) => {
        if (obstacle === undefined) return;
        this.#noteRefusal(connection, obstacle);
        // Others may have been held up for this answer, so it waits for none.
        connection.send(errorFrame(null, obstacle));
      })
      .catch((error) => this.#unavailable(connection, error))
      .then(() => {
        this.#underWay.set(connection, this.#underWayOf(connection) - 1);
        if (connection.signingIn === signingIn) connection.signingIn = undefined;
      });
    connection.signingIn = signingIn;
    connection.answering(signingIn);
  }

  #underWayOf(connection: Connection): number {
    return this.#underWay.get(connection) ?? 0;
  }

  /** What stands in the way, if anything does. */
  #admit(connection: Connection, identity: Identity, userData: string): Eventual<string | undefined> {
    if (!connection.open) return;
    return andThen(this.#ports.signInProblem(connection, identity.user.id), (revoked) => {
      if (!connection.open) return;
      const obstacle = revoked ?? otherUserProblem(connection, identity.user.id);
      if (obstacle !== undefined) return obstacle;
      return andThen(this.#signIn(connection, identity, userData), () => undefined);
    });
  }

  #refuse(connection: Connection, reason: string): void {
    this.#noteRefusal(connection, reason);
    connection.sendError(reason);
  }

  #noteRefusal(connection: Connection, reason: string): void {
    this.#ports.logger.debug(
      { app: connection.hub.app.id, socketId: connection.id, reason },
      'sign-in refused',
    );
  }

  #unavailable(connection: Connection, error: unknown): void {
    this.#ports.logger.error({ err: error, socketId: connection.id }, 'sign-in failed');
    connection.close(Codes.unavailable);
  }

  #signIn(connection: Connection, { user, watchlist }: Identity, userData: string): Eventual<void> {
    const { hub } = connection;
    connection.user = user;
    const recorded = hub.addUser(user.id, connection, () =>
      this.#ports.presence.signedIn(hub.app.id, user.id),
    );
    return andThen(recorded, () => {
      if (!connection.open) return;
      connection.send(signInSuccess(userData));
      this.#ports.authorized(connection);
      // Closed by that, if the app's quota is used up.
      if (!connection.open) return;
      return this.#watch(connection, watchlist);
    });
  }

  #watch(connection: Connection, watchlist: readonly string[]): Eventual<void> {
    const { features, limits } = connection.hub.app;
    if (!features.watchlists) return;
    if (watchlist.length > limits.watchlistSize) {
      const text = `${Codes.watchlistLimit.text}: only the first ${limits.watchlistSize} of ${watchlist.length} ids are watched`;
      // A part of this answer, before what the stores say of the others.
      connection.send(errorFrame(Codes.watchlistLimit.code, text));
    }
    return watch(this.#ports, connection, watchlist.slice(0, limits.watchlistSize));
  }
}

function otherUserProblem({ user }: Connection, userId: string): string | undefined {
  return user === undefined || user.id === userId
    ? undefined
    : `Connection is already signed in as user '${user.id}'`;
}

/** Who signs in and whom they watch, or the sentence that says what is wrong. */
function parseUserData(userData: string, maxLength: number): Identity | string {
  const parsed = parseObject(userData);
  if (parsed === undefined) return 'Invalid signin: user_data is not a JSON object';
  const id = parsed['id'];
  if (typeof id !== 'string' || id === '')
    return 'Invalid signin: user_data must include an id, a non-empty string';
  if (!isWellFormed(id)) return 'Invalid signin: user id is not valid text: half a surrogate pair is missing';
  if (id.length > maxLength) {
    return `Invalid signin: user id exceeds the allowed maximum (${maxLength} characters)`;
  }
  const info = parsed['user_info'];
  if (info !== undefined && info !== null && asObject(info) === undefined) {
    return 'Invalid signin: user_info must be an object';
  }
  const watchlist = parseWatchlist(parsed['watchlist'], maxLength);
  if (watchlist === undefined) return 'Invalid signin: watchlist must be an array of user ids';
  const userInfo = info === undefined || info === null ? undefined : rawMember(userData, 'user_info');
  return { user: { id, userInfo }, watchlist };
}

/** Distinct ids in the order given; undefined when it is no list of ids. Numbers are ids too, as in channel_data. */
function parseWatchlist(value: unknown, maxLength: number): string[] | undefined {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) return undefined;
  const ids = new Set<string>();
  for (const id of value) {
    if (typeof id !== 'string' && typeof id !== 'number') return undefined;
    const text = String(id);
    if (text === '' || text.length > maxLength || !isWellFormed(text)) return undefined;
    ids.add(text);
  }
  return [...ids];
}
