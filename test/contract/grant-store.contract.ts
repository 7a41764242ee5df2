/** What every GrantStore promises; run by each implementation. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { GrantStore } from '../../server/auth/grant-store.ts';
import { eventually } from '../support/eventually.ts';

const APP = 'app';
const SOCKET = '1.2';
const MAX = 3;
const USED = 'private-used';

export interface GrantStoreUnderTest {
  readonly store: GrantStore;
  /** The store of another node of the cluster; the same one where there can be no other. */
  readonly other: GrantStore;
  stop(): Promise<void>;
}

export function grantStoreContract(create: () => Promise<GrantStoreUnderTest>): void {
  let under: GrantStoreUnderTest;
  let store: GrantStore;
  beforeEach(async () => {
    under = await create();
    store = under.store;
  });
  afterEach(() => under.stop());
  const record = (channel: string, userId = '7', expiresAt?: number, socketId = SOCKET) =>
    store.record(
      APP,
      socketId,
      channel,
      { userId, expiresAt },
      { max: MAX, inUse: (name) => name.startsWith(USED) },
    );
  const ended = (channel: string, standing: string, socketId = SOCKET) => ({
    appId: APP,
    socketId,
    channel,
    standing,
  });

  it('what was never granted has no standing', async () => {
    await record('private-a');
    expect(await store.standing(APP, SOCKET, 'private-b', 0)).toBeUndefined();
    expect(await store.standing('app2', SOCKET, 'private-a', 0)).toBeUndefined();
    expect(await store.standing(APP, '1.3', 'private-a', 0)).toBeUndefined();
  });

  it('a grant stands until it expires, to the millisecond, and is told once', async () => {
    await record('private-a', '7', 5500);
    await record('private-b');
    expect(await store.standing(APP, SOCKET, 'private-a', 5499)).toBe('standing');
    expect(await store.takeEnded(5499)).toEqual([]);
    expect(await store.standing(APP, SOCKET, 'private-a', 5500)).toBe('expired');
    expect(await store.takeEnded(5500)).toEqual([ended('private-a', 'expired')]);
    expect(await store.takeEnded(9000)).toEqual([]);
    expect(await store.standing(APP, SOCKET, 'private-a', 9000)).toBe('expired');
    expect(await store.standing(APP, SOCKET, 'private-b', 9000)).toBe('standing');
  });

  it('a later grant replaces an earlier one, ended or not', async () => {
    await record('private-a', '7', 1000);
    await record('private-a', '7', 3000);
    expect(await store.takeEnded(2000)).toEqual([]);
    expect(await store.takeEnded(3000)).toEqual([ended('private-a', 'expired')]);
    await record('private-a');
    expect(await store.standing(APP, SOCKET, 'private-a', 9000)).toBe('standing');
  });

  it("revoking ends the user's grants on all connections, and nobody else's", async () => {
    await record('private-a');
    await record('private-a', '7', undefined, '1.3');
    await record('private-b', '8');
    await store.revoke(APP, '7', 1000, 60_000);
    const told = [...(await store.takeEnded(1000))].sort((a, b) => a.socketId.localeCompare(b.socketId));
    expect(told).toEqual([ended('private-a', 'revoked'), ended('private-a', 'revoked', '1.3')]);
    expect(await store.standing(APP, SOCKET, 'private-a', 1000)).toBe('revoked');
    expect(await store.standing(APP, SOCKET, 'private-b', 1000)).toBe('standing');
  });

  it('what another node revokes ends here, whatever the user is called', async () => {
    await record('private-a', '7\n"é"');
    await record('private-b', '8');
    await under.other.revoke(APP, '7\n"é"', 1000, 60_000);
    const told: unknown[] = [];
    await eventually(async () => {
      told.push(...(await store.takeEnded(1000)));
      expect(told).toEqual([ended('private-a', 'revoked')]);
    });
    expect(await store.standing(APP, SOCKET, 'private-a', 1000)).toBe('revoked');
    expect(await store.standing(APP, SOCKET, 'private-b', 1000)).toBe('standing');
  });

  it('a grant that follows a revocation stands', async () => {
    await record('private-a');
    await store.revoke(APP, '7', 1000, 60_000);
    await record('private-a');
    expect(await store.standing(APP, SOCKET, 'private-a', 1000)).toBe('standing');
  });

  it('a revocation is remembered by every node, for that user of that app', async () => {
    await store.revoke(APP, '7', 1000, 60_000);
    for (const node of [store, under.other]) {
      expect(await node.revokedAt(APP, '7', 1000)).toBe(1000);
      expect(await node.revokedAt(APP, '8', 1000)).toBeUndefined();
      expect(await node.revokedAt('app2', '7', 1000)).toBeUndefined();
    }
  });

  it('a revocation is forgotten when its time is over', async () => {
    await store.revoke(APP, '7', 1000, 50);
    await eventually(async () => expect(await store.revokedAt(APP, '7', 1050)).toBeUndefined());
  });

  it('a connection has so many grants and no more; a renewed one is not another', async () => {
    const recorded = [];
    for (const number of [1, 2, 3, 1, 4]) recorded.push(await record(`${USED}${number}`));
    expect(recorded).toEqual([true, true, true, true, false]);
    expect(await store.standing(APP, SOCKET, `${USED}4`, 0)).toBeUndefined();
  });

  it('one too many takes the place of the oldest that is not in use, which counts as expired from then on', async () => {
    for (const channel of [USED, 'private-a', 'private-b', 'private-a', 'private-c']) {
      expect(await record(channel)).toBe(true);
    }
    const standings = [];
    for (const channel of [USED, 'private-a', 'private-b', 'private-c']) {
      standings.push(await store.standing(APP, SOCKET, channel, 0));
    }
    expect(standings).toEqual(['standing', 'standing', 'expired', 'standing']);
    expect(await store.standing(APP, '1.3', 'private-b', 0)).toBeUndefined();
  });

  it('forgetting a connection forgets its grants', async () => {
    await record('private-a', '7', 1000);
    await store.forget(APP, SOCKET);
    expect(await store.standing(APP, SOCKET, 'private-a', 0)).toBeUndefined();
    expect(await store.takeEnded(2000)).toEqual([]);
  });
}
