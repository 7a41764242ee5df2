/** How often the Kinvey door may be knocked at from one address. Without a database, so that no password takes its time. */
import { beforeEach, expect, it } from 'vitest';
import { KinveySite } from '../../../../server/http/kinvey/kinvey-site.ts';
import type { HttpResponse } from '../../../../server/http/message.ts';
import { randomIds } from '../../../../server/lib/random-ids.ts';
import { Unavailable } from '../../../../server/lib/unavailable.ts';
import { MemoryRateLimiter } from '../../../../server/limits/memory-rate-limiter.ts';
import { Strangers } from '../../../../server/limits/strangers.ts';
import { APP, APP_KEY, basic, KINVEY, MASTER } from '../../../kinvey/support.ts';
import { FakeClock } from '../../../support/fake-clock.ts';
import { silentLogger } from '../../../support/silent-logger.ts';

const ADDRESS = '203.0.113.1';
const GUESS = basic('ada', 'wrong');

let clock: FakeClock;
let site: KinveySite;

beforeEach(() => {
  clock = new FakeClock();
  const limiter = new MemoryRateLimiter(100, clock);
  site = siteWith(
    new Strangers('all', { perSecond: 1, burst: 6 }, limiter),
    new Strangers('passwords', { perSecond: 1, burst: 2 }, limiter),
  );
});

function siteWith(strangers: Strangers, guessers: Strangers): KinveySite {
  return new KinveySite({
    apps: { find: () => ({ app: { id: '1' }, kinvey: KINVEY }) } as never,
    registry: undefined,
    sends: undefined as never,
    ids: randomIds(),
    strangers,
    guessers,
    logger: { ...silentLogger, error: () => expect.unreachable() },
    log: { warn: () => undefined } as never,
  });
}

/** The name of the error. What is let in finds no database. */
async function knock(
  authorization: string,
  { from = ADDRESS, path = '_me', method = 'GET' } = {},
): Promise<string> {
  const answer = await site.handle({
    method,
    path: `/user/${APP_KEY}/${path}`,
    query: '',
    accept: '',
    body: Buffer.alloc(0),
    caller: { address: from, headers: new Map([['authorization', authorization]]) },
  });
  const { body } = answer as HttpResponse;
  return (JSON.parse(String(body)) as { error: string }).error;
}

const [LET_IN, TOO_MANY] = ['MissingConfiguration', 'TooManyRequests'];

it('passwords are counted, whatever name is guessed at', async () => {
  const names = ['ada', 'bob', 'eve'];
  const answers = [];
  for (const name of names) answers.push(await knock(basic(name, 'wrong')));
  expect(answers).toEqual([LET_IN, LET_IN, TOO_MANY]);
  expect(await knock(GUESS, { from: '203.0.113.2' })).toBe(LET_IN);
  clock.advance(1000);
  expect([await knock(GUESS), await knock(GUESS)]).toEqual([LET_IN, TOO_MANY]);
});

it.each(['', 'login'])('so are those that an application brings to /%s', async (path) => {
  const answers = [];
  for (let times = 0; times < 3; times += 1) answers.push(await knock(APP, { method: 'POST', path }));
  expect(answers).toEqual([LET_IN, LET_IN, TOO_MANY]);
});

it('sessions are counted with everything else, and not as passwords', async () => {
  const answers = [];
  for (let times = 0; times < 7; times += 1) answers.push(await knock('Kinvey a-token'));
  expect(answers).toEqual([...Array<string>(6).fill(LET_IN), TOO_MANY]);
});

it('wrong secrets are counted too', async () => {
  const wrong = basic(APP_KEY, 'wrong');
  const answers = [];
  for (let times = 0; times < 7; times += 1) answers.push(await knock(wrong));
  expect(answers).toEqual([...Array<string>(6).fill('InvalidCredentials'), TOO_MANY]);
});

it('a backend with the master secret is not counted', async () => {
  const answers = new Set<string>();
  for (let times = 0; times < 20; times += 1) answers.add(await knock(MASTER, { method: 'POST', path: '' }));
  expect(answers).toEqual(new Set([LET_IN]));
});

it('private addresses are not counted', async () => {
  const answers = new Set<string>();
  for (let times = 0; times < 20; times += 1) answers.add(await knock(GUESS, { from: '10.0.0.1' }));
  expect(answers).toEqual(new Set([LET_IN]));
});

it('when nobody can tell how often an address has knocked, it is told to try again', async () => {
  const away = new Strangers(
    'all',
    { perSecond: 1, burst: 1 },
    { take: () => Promise.reject(new Unavailable('The hub is too slow', 'no')) },
  );
  site = siteWith(away, away);
  expect(await knock(GUESS)).toBe('KinveyInternalErrorRetry');
});
