/** Users of the Kinvey door, as far as push needs them: who they are, how they prove it. Their devices are the registry's. */
import type { Values } from '../message-texts.ts';

export interface KinveyUser {
  readonly id: string;
  /** Undefined: named by a registration, and never signed up. */
  readonly username: string | undefined;
  /** What the application keeps of the user; names of ours (`_id`, `_kmd`, …) are not among them. */
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface NewKinveyUser {
  readonly id: string;
  readonly username: string;
  readonly passwordHash: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

export interface KinveySession {
  readonly user: KinveyUser;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** Sessions go by the hash of their token: whoever reads the database has no session. */
export interface KinveyUsers {
  /** Undefined: the name is taken, or the id is that of a user with a name. */
  signUp(appId: string, user: NewKinveyUser): Promise<KinveyUser | undefined>;
  /** Sees to it that there is a user with this id. */
  ensure(appId: string, id: string): Promise<void>;
  find(appId: string, id: string): Promise<KinveyUser | undefined>;
  /** Those of the users that there are, in no particular order. */
  findAll(appId: string, ids: readonly string[]): Promise<readonly KinveyUser[]>;
  /** With the hash of the password. */
  findByName(
    appId: string,
    username: string,
  ): Promise<{ readonly user: KinveyUser; readonly passwordHash: string } | undefined>;
  /** Opens a session. A user has so many at most: the ones that end first make room. */
  openSession(appId: string, userId: string, tokenHash: string, expiresAt: number): Promise<void>;
  /** A session that has not ended. */
  session(appId: string, tokenHash: string): Promise<KinveySession | undefined>;
  prolongSession(appId: string, tokenHash: string, expiresAt: number): Promise<void>;
  closeSession(appId: string, tokenHash: string): Promise<void>;
}

/** What messages may name of users: what they signed up with. */
export async function valuesOfUsers(
  users: Pick<KinveyUsers, 'findAll'>,
  appId: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Values>> {
  if (ids.length === 0) return new Map();
  const found = await users.findAll(appId, ids);
  return new Map(found.map(({ id, username, attributes }) => [id, { ...attributes, username }]));
}
