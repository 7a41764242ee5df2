/** Users of an application: sign up, log in, log out, look at oneself. */
import type { Ids } from '../../lib/ids.ts';
import type { DeviceStore, ListedDevice } from '../../push/device-store.ts';
import type { KinveySessions } from '../../push/kinvey/kinvey-sessions.ts';
import type { KinveyUser, KinveyUsers } from '../../push/kinvey/kinvey-users.ts';
import type { PasswordHash } from '../../push/kinvey/password-hash.ts';
import type { KinveyApp } from './kinvey-apps.ts';
import { type Fields, optionalText, requiredText } from './kinvey-body.ts';
import { type Caller, loggedIn } from './kinvey-credentials.ts';
import { KinveyError } from './kinvey-replies.ts';

export interface KinveyAccountPorts {
  readonly users: KinveyUsers;
  readonly sessions: KinveySessions;
  readonly passwords: Pick<PasswordHash, 'of'>;
  readonly devices: Pick<DeviceStore, 'list'>;
  readonly ids: Ids;
}

/** Bytes. */
const LONGEST_USERNAME = 255;
const LONGEST_PASSWORD = 1024;
const LONGEST_ID = 656;
const MOST_ATTRIBUTES = 32_768;
/** Kinvey's ids are so many hex digits. */
const ID_DIGITS = 24;
/** Tokens shown of a user. */
const MOST_TOKENS = 1000;

export class KinveyAccounts {
  readonly #ports: KinveyAccountPorts;

  constructor(ports: KinveyAccountPorts) {
    this.#ports = ports;
  }

  /** The new user, logged in. Who gives no password gets one, and sees it this once. */
  async signUp({ app, kinvey }: KinveyApp, caller: Caller, body: Fields): Promise<object> {
    if (caller.kind === 'user') throw new KinveyError('InsufficientCredentials');
    const { users, passwords, sessions, ids } = this.#ports;
    const given = optionalText(body, 'password', LONGEST_PASSWORD);
    const username = optionalText(body, 'username', LONGEST_USERNAME) ?? ids.uniqueId();
    const password = given ?? ids.uniqueId();
    // Credentials of an app begin with its key.
    if (username === kinvey.appKey) throw new KinveyError('UserAlreadyExists');
    const named = optionalText(body, '_id', LONGEST_ID);
    if (named !== undefined && caller.kind !== 'master') {
      throw new KinveyError('InsufficientCredentials', '_id can be chosen with master credentials only');
    }
    const id = named ?? ids.uniqueId().replaceAll('-', '').slice(0, ID_DIGITS);
    const attributes = attributesIn(body);
    const passwordHash = await passwords.of(password);
    const user = await users.signUp(app.id, { id, username, passwordHash, attributes });
    if (user === undefined) throw new KinveyError('UserAlreadyExists');
    const token = await sessions.open(app.id, user.id);
    return { ...shownUser(user, token), ...(given === undefined && { password }) };
  }

  async logIn({ app }: KinveyApp, caller: Caller, body: Fields): Promise<object> {
    if (caller.kind === 'user') throw new KinveyError('InsufficientCredentials');
    const username = requiredText(body, 'username', LONGEST_USERNAME);
    const password = requiredText(body, 'password', LONGEST_PASSWORD);
    const user = await loggedIn(this.#ports.sessions, app.id, username, password);
    const token = await this.#ports.sessions.open(app.id, user.id);
    const pushTokens = await this.#pushTokens(app.id, user.id);
    return { ...shownUser(user, token), ...(pushTokens.length > 0 && { _messaging: { pushTokens } }) };
  }

  async logOut({ app }: KinveyApp, caller: Caller): Promise<void> {
    if (caller.kind !== 'user') throw new KinveyError('InsufficientCredentials');
    if (caller.session !== undefined) await this.#ports.sessions.close(app.id, caller.session);
  }

  async readMe(app: KinveyApp, caller: Caller): Promise<object> {
    if (caller.kind !== 'user') throw new KinveyError('InsufficientCredentials');
    return this.read(app, caller, caller.user.id);
  }

  /** Users see themselves, a backend all. */
  async read({ app }: KinveyApp, caller: Caller, id: string): Promise<object> {
    if (caller.kind === 'app' || (caller.kind === 'user' && caller.user.id !== id)) {
      throw new KinveyError('InsufficientCredentials');
    }
    const isPossible = !id.includes('\0');
    const user = isPossible ? await this.#ports.users.find(app.id, id) : undefined;
    const pushTokens = isPossible ? await this.#pushTokens(app.id, id) : [];
    // Devices of a user may have come through another door.
    if (user === undefined && pushTokens.length === 0) throw new KinveyError('UserNotFound');
    return { ...(user === undefined ? { _id: id } : shownUser(user, undefined)), _messaging: { pushTokens } };
  }

  async #pushTokens(appId: string, user: string): Promise<readonly object[]> {
    const filter = {
      users: [user],
      providers: ['apns', 'fcm'],
      platforms: ['ios', 'android'],
    } as const;
    const { items } = await this.#ports.devices.list(appId, filter, { after: undefined, limit: MOST_TOKENS });
    return [...items].sort((a, b) => a.createdAt - b.createdAt).map(shownToken);
  }
}

function shownToken({ token, platform, details }: ListedDevice): object {
  return { token, platform, arn: null, framework: details['framework'] };
}

function shownUser(user: KinveyUser, authtoken: string | undefined): object {
  const { id, username, attributes, createdAt, updatedAt } = user;
  const [lmt, ect] = [new Date(updatedAt).toISOString(), new Date(createdAt).toISOString()];
  return { _id: id, username, ...attributes, _kmd: { lmt, ect, authtoken }, _acl: { creator: id } };
}

/** What is the application's own of a document: names with `_` in front are not. */
function attributesIn(body: Fields): Fields {
  const own = Object.entries(body).filter(
    ([name]) => !name.startsWith('_') && name !== 'username' && name !== 'password',
  );
  const attributes = Object.fromEntries(own);
  if (Buffer.byteLength(JSON.stringify(attributes)) > MOST_ATTRIBUTES) {
    throw new KinveyError(
      'ParameterValueOutOfRange',
      `a user may have ${MOST_ATTRIBUTES} bytes of attributes`,
    );
  }
  return attributes;
}
