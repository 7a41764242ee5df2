/** Sessions and passwords of the Kinvey door, over each database, with a clock of our own. */
import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { randomIds } from '../../server/lib/random-ids.ts';
import { MemoryRateLimiter } from '../../server/limits/memory-rate-limiter.ts';
import { KinveySessions } from '../../server/push/kinvey/kinvey-sessions.ts';
import { PasswordHash, TooManyPasswords } from '../../server/push/kinvey/password-hash.ts';
import { SqlKinveyUsers } from '../../server/push/kinvey/sql-kinvey-users.ts';
import { onEachDatabase } from '../support/databases.ts';
import { FakeClock } from '../support/fake-clock.ts';

const DAY_MS = 24 * 3600 * 1000;

onEachDatabase((given) => {
  let appId: string;
  let clock: FakeClock;
  let users: SqlKinveyUsers;
  let sessions: KinveySessions;
  beforeEach(async () => {
    appId = randomUUID();
    clock = new FakeClock();
    users = new SqlKinveyUsers(given().database, clock);
    // Passwords are their own hashes, so that many guesses take no time.
    const passwords = { fits: async (password: string, stored: string | undefined) => password === stored };
    const limiter = new MemoryRateLimiter(1000, clock);
    sessions = new KinveySessions({ users, passwords, limiter, ids: randomIds(), clock });
    await users.signUp(appId, { id: 'u', username: 'ada', passwordHash: 'p', attributes: {} });
  });

  it('a session ends 90 days after it was used last', async () => {
    const [used, unused] = [await sessions.open(appId, 'u'), await sessions.open(appId, 'u')];
    clock.advance(60 * DAY_MS);
    expect(await sessions.userOf(appId, used)).toMatchObject({ id: 'u', username: 'ada' });
    clock.advance(31 * DAY_MS);
    expect(await sessions.userOf(appId, unused)).toBeUndefined();
    expect(await sessions.userOf(appId, used)).toMatchObject({ id: 'u' });
    clock.advance(90 * DAY_MS);
    expect(await sessions.userOf(appId, used)).toBeUndefined();
  });

  it('a session is of one app, and ends when it is closed', async () => {
    const token = await sessions.open(appId, 'u');
    expect(await sessions.userOf(randomUUID(), token)).toBeUndefined();
    await sessions.close(randomUUID(), token);
    expect(await sessions.userOf(appId, token)).toBeDefined();
    await sessions.close(appId, token);
    expect(await sessions.userOf(appId, token)).toBeUndefined();
  });

  it('of a hundred sessions the oldest makes room for a new one', async () => {
    const tokens: string[] = [];
    for (let n = 0; n < 102; n += 1) {
      tokens.push(await sessions.open(appId, 'u'));
      clock.advance(1);
    }
    const open = await Promise.all(tokens.map((token) => sessions.userOf(appId, token)));
    expect(open.map((user) => user !== undefined)).toEqual(tokens.map((_, n) => n >= 2));
  });

  it('no token is in the database', async () => {
    const token = await sessions.open(appId, 'u');
    const rows = await given().database.db.selectFrom('kinvey_sessions').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain(token.slice(0, 36));
  });

  it('the password of a name can be guessed at so often', async () => {
    const guess = (name = 'ada') => sessions.userByPassword(appId, name, 'wrong');
    for (let n = 0; n < 60; n += 1) expect(await guess()).toBeUndefined();
    expect(await guess()).toBe('too often');
    expect(await sessions.userByPassword(appId, 'ada', 'p')).toBe('too often');
    expect(await guess('another')).toBeUndefined();
    clock.advance(1000);
    expect(await sessions.userByPassword(appId, 'ada', 'p')).toMatchObject({ id: 'u' });
  });

  it('a name with a NUL is nobody', async () => {
    expect(await sessions.userByPassword(appId, 'a\0', 'p')).toBeUndefined();
  });
});

describe('a password', () => {
  const hashes = new PasswordHash();

  it('fits its hash, which is another each time', async () => {
    const [first, second] = [await hashes.of('päss'), await hashes.of('päss')];
    expect(first).toMatch(/^scrypt\$15\$8\$1\$[\w-]{22}\$[\w-]{43}$/);
    expect(second).not.toBe(first);
    expect(await hashes.fits('päss', first)).toBe(true);
    expect(await hashes.fits('pass', first)).toBe(false);
  });

  it.each([undefined, '', 'päss', 'scrypt$30$8$1$c2FsdA$aGFzaA', 'scrypt$1$8$1$c2FsdA$'])(
    'fits nothing that is no hash of ours: %s',
    async (stored) => {
      expect(await hashes.fits('', stored)).toBe(false);
    },
  );

  it('waits for its turn, and for no place in a long row', async () => {
    const stored = 'scrypt$1$1$1$c2FsdA$'.padEnd('scrypt$1$1$1$c2FsdA$'.length + 43, 'A');
    const outcomes = await Promise.allSettled(Array.from({ length: 150 }, () => hashes.fits('x', stored)));
    const rejected = outcomes.filter((one) => one.status === 'rejected');
    expect(rejected.map(({ reason }) => reason instanceof TooManyPasswords)).toEqual(Array(48).fill(true));
    expect(await hashes.fits('x', stored)).toBe(false);
  });
});
