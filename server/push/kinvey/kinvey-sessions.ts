/** Users of the Kinvey door prove who they are: with their password, or with the token that they got for it. */
import { createHash } from 'node:crypto';
import type { Clock } from '../../lib/clock.ts';
import type { Ids } from '../../lib/ids.ts';
import type { RateLimiter } from '../../limits/rate-limiter.ts';
import type { KinveyUser, KinveyUsers } from './kinvey-users.ts';
import type { PasswordHash } from './password-hash.ts';

export interface KinveySessionPorts {
  readonly users: KinveyUsers;
  readonly passwords: Pick<PasswordHash, 'fits'>;
  readonly limiter: RateLimiter;
  readonly ids: Ids;
  readonly clock: Clock;
}

const DAY_MS = 24 * 3600 * 1000;
/** From the last day on which it was used. */
const LIFETIME_MS = 90 * DAY_MS;
/** Guesses at the password of one name. */
const GUESSES = { perSecond: 2, burst: 60 };

export class KinveySessions {
  readonly #ports: KinveySessionPorts;

  constructor(ports: KinveySessionPorts) {
    this.#ports = ports;
  }

  /** The token of a new session. */
  async open(appId: string, userId: string): Promise<string> {
    const { users, ids, clock } = this.#ports;
    const token = `${ids.uniqueId()}.${ids.uniqueId()}`;
    await users.openSession(appId, userId, hashOf(token), clock.now() + LIFETIME_MS);
    return token;
  }

  async userOf(appId: string, token: string): Promise<KinveyUser | undefined> {
    const { users, clock } = this.#ports;
    const session = await users.session(appId, hashOf(token));
    if (session === undefined) return undefined;
    const expiresAt = clock.now() + LIFETIME_MS;
    if (expiresAt - session.expiresAt > DAY_MS) await users.prolongSession(appId, hashOf(token), expiresAt);
    return session.user;
  }

  async close(appId: string, token: string): Promise<void> {
    await this.#ports.users.closeSession(appId, hashOf(token));
  }

  /**
   * @returns undefined for a wrong name or a wrong password; 'too often' where the name was tried a lot
   * @throws TooManyPasswords, by rejecting
   */
  async userByPassword(
    appId: string,
    username: string,
    password: string,
  ): Promise<KinveyUser | 'too often' | undefined> {
    const { users, passwords, limiter } = this.#ports;
    if ((await limiter.take(`kinvey/${appId}/${hashOf(username)}`, GUESSES)) > 0) return 'too often';
    const found = username.includes('\0') ? undefined : await users.findByName(appId, username);
    return (await passwords.fits(password, found?.passwordHash)) ? found?.user : undefined;
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
