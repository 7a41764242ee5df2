/** Rooms of ten on private channels, where every member sends to the other nine over its socket. */
import { closeCrowd, each, openCrowd } from '../client/crowd.ts';
import { Feed, Receiver } from '../client/delivery-check.ts';
import { textFrame } from '../client/frames.ts';
import { flooded, paced } from '../client/pace.ts';
import { payload } from '../client/payload.ts';
import { channelAuth } from '../client/signing.ts';
import { Tally } from '../client/tally.ts';
import type { WsClient } from '../client/ws-client.ts';
import { type Bench, cpuFigure, type Figure, rateFigure, type Scenario } from './scenario.ts';

export const clientEvents: Scenario = {
  name: 'client-events',
  summary: 'rooms of ten on private channels, paced and flood',
  freshServer: false,
  run,
};

const ROOM = 10;
const EVENT = 'client-tick';
const BYTES = 100;
const PER_SECOND = 500;
const FLOOD_LIMIT_MS = 5_000;
/** Events per room whose deliveries may be outstanding. */
const WINDOW_PER_ROOM = 10;

async function run(bench: Bench): Promise<Figure[]> {
  const { address, app, smoke } = bench;
  const rooms = smoke ? 3 : 100;
  const sockets = new Tally();
  const clients = await openCrowd({ address, appKey: app.key, tally: sockets }, rooms * ROOM);
  await each(clients, 'private subscriptions', (client, i) => {
    return client.subscribe(roomOf(i), channelAuth(app, client.socketId, roomOf(i)));
  });
  const figures = [
    await pacedPhase(bench, clients, 1),
    ...(await floodPhase(bench, clients, smoke ? 1 : 20)),
  ];
  sockets.check();
  await closeCrowd(clients);
  return figures;
}

async function pacedPhase(
  { meter }: Bench,
  clients: readonly WsClient[],
  perMember: number,
): Promise<Figure> {
  const tally = receiveOn(clients);
  const senders = eventsOf(clients, perMember);
  const deliveries = senders.length * (ROOM - 1);
  const cost = await meter.measure(async () => {
    await paced(senders.length, PER_SECOND, (i) => senders[i]?.());
    await tally.until(deliveries);
  });
  tally.finish(deliveries);
  return cpuFigure('100 B paced', 'delivery', cost, deliveries);
}

async function floodPhase(
  { meter }: Bench,
  clients: readonly WsClient[],
  perMember: number,
): Promise<Figure[]> {
  const tally = receiveOn(clients);
  const senders = eventsOf(clients, perMember);
  const window = (clients.length / ROOM) * WINDOW_PER_ROOM;
  let sent = 0;
  const cost = await meter.measure(async () => {
    const mayGo = (): boolean => (sent - window) * (ROOM - 1) < tally.received;
    await flooded(senders.length, FLOOD_LIMIT_MS, mayGo, (i) => {
      senders[i]?.();
      sent = i + 1;
    });
    await tally.until(sent * (ROOM - 1));
  });
  const deliveries = sent * (ROOM - 1);
  tally.finish(deliveries);
  return [
    cpuFigure('100 B flood', 'delivery', cost, deliveries),
    rateFigure('100 B flood', 'delivery', cost, deliveries),
  ];
}

/** One action per event to send, every member in turn; the number is the turn, the stream the place in the room. */
function eventsOf(clients: readonly WsClient[], perMember: number): (() => void)[] {
  return Array.from({ length: clients.length * perMember }, (_, n) => {
    const i = n % clients.length;
    const data = payload(i % ROOM, Math.floor(n / clients.length), BYTES);
    const frame = textFrame(JSON.stringify({ event: EVENT, channel: roomOf(i), data }));
    return () => clients[i]?.send(frame);
  });
}

function receiveOn(clients: readonly WsClient[]): Tally {
  const tally = new Tally();
  const feeds = Array.from({ length: clients.length / ROOM }, (_, room) => {
    return new Feed(EVENT, roomOf(room * ROOM), BYTES);
  });
  clients.forEach((client, i) => {
    const feed = feeds[Math.floor(i / ROOM)];
    if (feed !== undefined) client.receiver = new Receiver(feed, tally, ROOM, i % ROOM);
  });
  return tally;
}

function roomOf(i: number): string {
  return `private-room-${Math.floor(i / ROOM)}`;
}
