/** `KinveyUsers` in the database, shared by all nodes. */
import { sql } from 'kysely';
import type { Database } from '../../database/database.ts';
import type { KinveyUserRow } from '../../database/kinvey-tables.ts';
import { isOneOf } from '../../database/lists.ts';
import type { Clock } from '../../lib/clock.ts';
import type { KinveySession, KinveyUser, KinveyUsers, NewKinveyUser } from './kinvey-users.ts';

/** Sessions of one user. */
const MAX_SESSIONS = 100;

export class SqlKinveyUsers implements KinveyUsers {
  readonly #database: Database;
  readonly #clock: Clock;

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  async signUp(appId: string, user: NewKinveyUser): Promise<KinveyUser | undefined> {
    const now = this.#clock.now();
    const { id, username, passwordHash: password } = user;
    const attributes = JSON.stringify(user.attributes);
    const named = { username, password, attributes, updated_at: now };
    return this.#database.transaction(async (trx) => {
      // Whoever was named by a registration gets a name and a password by signing up.
      const row = await trx
        .insertInto('kinvey_users')
        .values({ app_id: appId, id, created_at: now, ...named })
        .onConflict((conflict) => conflict.doNothing())
        .returningAll()
        .executeTakeFirst();
      if (row !== undefined) return userOf(row);
      const taken = await trx
        .selectFrom('kinvey_users')
        .select('id')
        .where('app_id', '=', appId)
        .where('username', '=', username)
        .executeTakeFirst();
      if (taken !== undefined) return undefined;
      const nameless = await trx
        .updateTable('kinvey_users')
        .set(named)
        .where('app_id', '=', appId)
        .where('id', '=', id)
        .where('username', 'is', null)
        .returningAll()
        .executeTakeFirst();
      return nameless && userOf(nameless);
    });
  }

  async ensure(appId: string, id: string): Promise<void> {
    const now = this.#clock.now();
    await this.#database.db
      .insertInto('kinvey_users')
      .values({
        app_id: appId,
        id,
        username: null,
        password: null,
        attributes: '{}',
        created_at: now,
        updated_at: now,
      })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }

  async find(appId: string, id: string): Promise<KinveyUser | undefined> {
    return (await this.findAll(appId, [id]))[0];
  }

  async findAll(appId: string, ids: readonly string[]): Promise<readonly KinveyUser[]> {
    const rows = await this.#database.db
      .selectFrom('kinvey_users')
      .selectAll()
      .where('app_id', '=', appId)
      .where(isOneOf(this.#database.dialect, sql.ref('id'), ids))
      .execute();
    return rows.map(userOf);
  }

  async findByName(
    appId: string,
    username: string,
  ): Promise<{ user: KinveyUser; passwordHash: string } | undefined> {
    const row = await this.#database.db
      .selectFrom('kinvey_users')
      .selectAll()
      .where('app_id', '=', appId)
      .where('username', '=', username)
      .executeTakeFirst();
    return row === undefined ? undefined : { user: userOf(row), passwordHash: row.password ?? '' };
  }

  async openSession(appId: string, userId: string, tokenHash: string, expiresAt: number): Promise<void> {
    await this.#database.transaction(async (trx) => {
      await trx.deleteFrom('kinvey_sessions').where('expires_at', '<=', this.#clock.now()).execute();
      const oldest = trx
        .selectFrom('kinvey_sessions')
        .select('token_hash')
        .where('app_id', '=', appId)
        .where('user_id', '=', userId)
        .orderBy('expires_at', 'desc')
        .limit(1000)
        .offset(MAX_SESSIONS - 1);
      await trx.deleteFrom('kinvey_sessions').where('token_hash', 'in', oldest).execute();
      await trx
        .insertInto('kinvey_sessions')
        .values({ token_hash: tokenHash, app_id: appId, user_id: userId, expires_at: expiresAt })
        .execute();
    });
  }

  async session(appId: string, tokenHash: string): Promise<KinveySession | undefined> {
    const row = await this.#database.db
      .selectFrom('kinvey_sessions')
      .innerJoin('kinvey_users', (join) =>
        join
          .onRef('kinvey_users.app_id', '=', 'kinvey_sessions.app_id')
          .onRef('kinvey_users.id', '=', 'kinvey_sessions.user_id'),
      )
      .selectAll('kinvey_users')
      .select('kinvey_sessions.expires_at')
      .where('kinvey_sessions.token_hash', '=', tokenHash)
      .where('kinvey_sessions.app_id', '=', appId)
      .where('kinvey_sessions.expires_at', '>', this.#clock.now())
      .executeTakeFirst();
    return row && { user: userOf(row), expiresAt: row.expires_at };
  }

  async prolongSession(appId: string, tokenHash: string, expiresAt: number): Promise<void> {
    await this.#database.db
      .updateTable('kinvey_sessions')
      .set({ expires_at: expiresAt })
      .where('token_hash', '=', tokenHash)
      .where('app_id', '=', appId)
      .execute();
  }

  async closeSession(appId: string, tokenHash: string): Promise<void> {
    await this.#database.db
      .deleteFrom('kinvey_sessions')
      .where('token_hash', '=', tokenHash)
      .where('app_id', '=', appId)
      .execute();
  }
}

function userOf(row: KinveyUserRow): KinveyUser {
  return {
    id: row.id,
    username: row.username ?? undefined,
    attributes: JSON.parse(row.attributes),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
