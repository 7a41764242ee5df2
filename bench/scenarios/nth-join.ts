/**
 * Does the N-th join or leave cost more than the first? On a public channel nobody is told of either, so the price should not
 * depend on N. In a presence room a connection of a user who is there already gets the roster and is told to nobody; a new
 * user is announced to N members, which is held against one publish to the same members.
 */
import { closeCrowd, each, openCrowd, subscribeCrowd } from '../client/crowd.ts';
import { Feed, Receiver } from '../client/delivery-check.ts';
import { payload } from '../client/payload.ts';
import { Publisher } from '../client/publisher.ts';
import { triggerRequest } from '../client/signing.ts';
import { Tally } from '../client/tally.ts';
import type { WsClient } from '../client/ws-client.ts';
import { ignoreMembers, type Seat, seatOf } from './presence-room.ts';
import { type Bench, cpuFigure, type Figure, type Scenario } from './scenario.ts';

export const nthJoin: Scenario = {
  name: 'nth-join',
  summary: 'joins and leaves where 100 to 5,000 are already, public and presence',
  freshServer: false,
  run,
};

const PUBLIC_SIZES = [100, 1_000, 5_000];
const ROOM_SIZES = [100, 500, 2_000];
/** Who comes and goes where nobody is told. */
const VISITORS = 500;
/** Who comes and goes where all are told, and publishes these are compared with. */
const ANNOUNCED = 20;
/** Data of a publish that is as long as an announcement. */
const BYTES = 60;
const EVENT = 'tick';

async function run(bench: Bench): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const size of bench.smoke ? [10, 20] : PUBLIC_SIZES) figures.push(...(await onPublic(bench, size)));
  for (const size of bench.smoke ? [10, 20] : ROOM_SIZES) figures.push(...(await inRoom(bench, size)));
  return figures;
}

async function onPublic(bench: Bench, size: number): Promise<Figure[]> {
  const { address, app, meter, smoke } = bench;
  const channel = `nth-join-${size}`;
  const tally = new Tally();
  const standing = await openCrowd({ address, appKey: app.key, tally }, size);
  await subscribeCrowd(standing, () => channel);
  const count = smoke ? 20 : VISITORS;
  const visitors = await openCrowd({ address, appKey: app.key, tally }, count);
  const joins = await meter.measure(() => subscribeCrowd(visitors, () => channel));
  const leaves = await meter.measure(() => closeCrowd(visitors));
  tally.check();
  await closeCrowd(standing);
  return [
    cpuFigure(`public join, ${size} there`, 'join', joins, count),
    cpuFigure(`public leave, ${size} there`, 'leave', leaves, count),
  ];
}

async function inRoom(bench: Bench, size: number): Promise<Figure[]> {
  const { address, app } = bench;
  const channel = `presence-nth-join-${size}`;
  const told = new Tally();
  const standing = await openCrowd({ address, appKey: app.key, tally: told }, size);
  ignoreMembers(standing);
  await each(standing, 'joins', (client, i) => join(seatOf(app, client, channel, `user-${i}`), channel));
  // From here on each member counts what it is told.
  for (const client of standing) client.onServerEvent = () => told.arrived();

  const known = await knownUsers(bench, channel, size);
  const publish = await publishTo(bench, channel, standing);
  const [joined, left] = await newUsers(bench, channel, size, told);
  told.check();
  ignoreMembers(standing);
  await closeCrowd(standing);
  const compared = (label: string, micros: number): Figure => ({
    label: `announced ${label}, ${size} there`,
    unit: 'of a publish to them',
    value: micros / publish,
    compared: false,
    checked: ANNOUNCED * size,
    note: `${micros.toFixed(0)} µs; the publish ${publish.toFixed(0)}`,
  });
  return [...known, compared('join', joined), compared('leave', left)];
}

/** Further connections of users who are there: nobody is told, and a member that is told fails the round. */
async function knownUsers(
  { address, app, meter, smoke }: Bench,
  channel: string,
  size: number,
): Promise<Figure[]> {
  const count = smoke ? 5 : 100;
  const tally = new Tally();
  const clients = await openCrowd({ address, appKey: app.key, tally }, count);
  const seats = clients.map((client, i) => seatOf(app, client, channel, `user-${i % size}`));
  const joins = await meter.measure(() => each(seats, 'joins', (seat) => join(seat, channel)));
  const leaves = await meter.measure(() => closeCrowd(clients));
  tally.check();
  return [
    cpuFigure(`user joins again, ${size} there`, 'join', joins, count),
    cpuFigure(`user leaves once, ${size} there`, 'leave', leaves, count),
  ];
}

/** Server CPU time of one publish to all members, in µs; the next goes when all have it, as joins do. */
async function publishTo(
  { address, app, meter }: Bench,
  channel: string,
  standing: readonly WsClient[],
): Promise<number> {
  const tally = new Tally();
  const feed = new Feed(EVENT, channel, BYTES);
  for (const client of standing) client.receiver = new Receiver(feed, tally, 1);
  const requests = Array.from({ length: ANNOUNCED }, (_, i) =>
    triggerRequest(app, EVENT, channel, payload(0, i, BYTES)),
  );
  const onFailure = (error: Error): void => tally.fail(error);
  const publisher = new Publisher({ address, lanes: [requests], depth: 1, onFailure });
  await publisher.connect();
  const cost = await meter.measure(() =>
    each(
      requests,
      'publishes',
      async (_, i) => {
        publisher.release(i);
        await tally.until((i + 1) * standing.length);
      },
      1,
    ),
  );
  tally.finish(ANNOUNCED * standing.length);
  publisher.close();
  return cost.serverMicros / ANNOUNCED;
}

/** Server CPU time of one join of a new user, and of its leaving, in µs; each is over when all members know. */
async function newUsers(
  { address, app, meter }: Bench,
  channel: string,
  size: number,
  told: Tally,
): Promise<[joined: number, left: number]> {
  const tally = new Tally();
  const clients = await openCrowd({ address, appKey: app.key, tally }, ANNOUNCED);
  ignoreMembers(clients);
  const before = told.received;
  const seats = clients.map((client, i) => seatOf(app, client, channel, `new-${i}`));
  const joins = await meter.measure(() =>
    each(
      seats,
      'joins',
      async (seat, i) => {
        await join(seat, channel);
        await told.until(before + (i + 1) * size);
      },
      1,
    ),
  );
  const leaves = await meter.measure(() =>
    each(
      clients,
      'departures',
      async (client, i) => {
        await client.close();
        await told.until(before + (ANNOUNCED + i + 1) * size);
      },
      1,
    ),
  );
  tally.check();
  told.finish(before + 2 * ANNOUNCED * size);
  return [joins.serverMicros / ANNOUNCED, leaves.serverMicros / ANNOUNCED];
}

function join({ client, frame }: Seat, channel: string): Promise<string> {
  return client.subscribeWith(channel, frame);
}
