/** What every DeadLetters promises; run by each implementation. */
import { beforeEach, expect, it } from 'vitest';
import type { DeadLetters, LetterQuery, Undelivered } from '../../server/webhooks/dead-letters.ts';

const undelivered = (n: number, appId = 'a', endpoint = 'http://e/'): Undelivered => ({
  appId,
  endpoint,
  event: { id: `event-${n}`, channel: 'c', at: n, json: `{"id":"event-${n}"}` },
  attempts: 3,
  reason: 'the answer has status 500',
});

const ALL: LetterQuery = { appId: undefined, endpoint: undefined, limit: 100, cursor: undefined };

export function deadLettersContract(create: (limit: number) => Promise<DeadLetters>): void {
  let letters: DeadLetters;
  const eventIds = async (query: Partial<LetterQuery> = {}): Promise<string[]> =>
    (await letters.list({ ...ALL, ...query })).letters.map(({ event }) => event.id);

  beforeEach(async () => {
    letters = await create(6);
    await letters.add([undelivered(1), undelivered(2, 'b'), undelivered(3, 'a', 'http://f/')]);
    await letters.add([undelivered(1, 'a', 'http://f/')]);
  });

  it('are listed oldest first, with all that is known, each under an id of its own', async () => {
    const { letters: found, cursor } = await letters.list(ALL);
    expect(found.map(({ id: _, failedAt: __, ...letter }) => letter)).toEqual([
      undelivered(1),
      undelivered(2, 'b'),
      undelivered(3, 'a', 'http://f/'),
      undelivered(1, 'a', 'http://f/'),
    ]);
    expect(new Set(found.map(({ id }) => id)).size).toBe(4);
    expect(cursor).toBeUndefined();
  });

  it('are narrowed down by app and endpoint', async () => {
    expect(await eventIds({ appId: 'a' })).toEqual(['event-1', 'event-3', 'event-1']);
    expect(await eventIds({ appId: 'a', endpoint: 'http://f/' })).toEqual(['event-3', 'event-1']);
    expect(await eventIds({ appId: 'z' })).toEqual([]);
  });

  it('come in pages that do not shift when letters go', async () => {
    const first = await letters.list({ ...ALL, limit: 2 });
    expect(first.letters.map(({ event }) => event.id)).toEqual(['event-1', 'event-2']);
    await letters.take({ ids: first.letters.map(({ id }) => id) });
    expect(await eventIds({ cursor: first.cursor })).toEqual(['event-3', 'event-1']);
  });

  it('are taken once, by id', async () => {
    const [one, two] = (await letters.list(ALL)).letters;
    const ids = [two?.id ?? '', one?.id ?? '', 'unknown', one?.id ?? ''];
    expect((await letters.take({ ids })).map(({ event }) => event.id)).toEqual(['event-1', 'event-2']);
    expect(await letters.take({ ids })).toEqual([]);
    expect(await eventIds()).toEqual(['event-3', 'event-1']);
  });

  it('are taken by app and endpoint', async () => {
    const taken = await letters.take({ appId: 'a', endpoint: 'http://f/' });
    expect(taken.map(({ event }) => event.id)).toEqual(['event-3', 'event-1']);
    expect((await letters.take({ appId: 'a', endpoint: undefined })).map(({ event }) => event.id)).toEqual([
      'event-1',
    ]);
    expect(await eventIds()).toEqual(['event-2']);
  });

  it('are restored as they were', async () => {
    const taken = await letters.take({ appId: 'b', endpoint: undefined });
    await letters.restore(taken);
    expect((await letters.list({ ...ALL, appId: 'b' })).letters).toEqual(taken);
    expect(await letters.take({ ids: taken.map(({ id }) => id) })).toEqual(taken);
  });

  it('that are given up again after they were taken are not forgotten with those', async () => {
    const taken = await letters.take({ appId: 'b', endpoint: undefined });
    await letters.add([undelivered(2, 'b')]);
    await letters.forget(taken);
    expect(await eventIds({ appId: 'b' })).toEqual(['event-2']);
    const again = await letters.take({ appId: 'b', endpoint: undefined });
    await letters.forget(again);
    expect(await eventIds({ appId: 'b' })).toEqual([]);
  });

  it('past the limit the oldest are lost', async () => {
    await letters.add([4, 5, 6, 7].map((n) => undelivered(n)));
    expect(await eventIds()).toEqual(['event-3', 'event-1', 'event-4', 'event-5', 'event-6', 'event-7']);
  });
}
