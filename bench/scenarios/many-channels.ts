/** Many channels with one subscriber each, published to in turn: the price of a publish that reaches one socket. */
import { closeCrowd, openCrowd, subscribeCrowd } from '../client/crowd.ts';
import { Feed, Receiver } from '../client/delivery-check.ts';
import { paced } from '../client/pace.ts';
import { payload } from '../client/payload.ts';
import { Publisher } from '../client/publisher.ts';
import { triggerRequest } from '../client/signing.ts';
import { Tally } from '../client/tally.ts';
import type { WsClient } from '../client/ws-client.ts';
import { publishFlooding } from './flooding.ts';
import {
  type Bench,
  cpuFigure,
  type Figure,
  floodConnections,
  rateFigure,
  type Scenario,
} from './scenario.ts';

export const manyChannels: Scenario = {
  name: 'many-channels',
  summary: '2,000 channels with one subscriber each, paced and flood',
  freshServer: false,
  run: (bench) => run(bench, 2_000, 8),
};

export const manyChannelsWide: Scenario = {
  name: 'many-channels-wide',
  summary: '10,000 channels with one subscriber each, paced and flood',
  freshServer: false,
  run: (bench) => run(bench, 10_000, 2),
};

const EVENT = 'tick';
const BYTES = 100;
const PER_SECOND = 1_000;
const PACED_CONNECTIONS = 8;
/** A publish reaches one reader each time, so none falls behind. */
const FLOOD = { limitMs: 5_000, window: Number.POSITIVE_INFINITY };

/** Each channel is published to once paced, and `floodRounds` times as fast as accepted. */
async function run(bench: Bench, many: number, floodRounds: number): Promise<Figure[]> {
  const { address, app, smoke } = bench;
  const channels = smoke ? 40 : many;
  const sockets = new Tally();
  const clients = await openCrowd({ address, appKey: app.key, tally: sockets }, channels);
  await subscribeCrowd(clients, channelName);
  const figures = [
    await pacedPhase(bench, clients, 1),
    ...(await floodPhase(bench, clients, smoke ? 1 : floodRounds)),
  ];
  sockets.check();
  await closeCrowd(clients);
  return figures;
}

async function pacedPhase(
  { address, app, meter }: Bench,
  clients: readonly WsClient[],
  rounds: number,
): Promise<Figure> {
  const tally = receiveOn(clients, PACED_CONNECTIONS);
  const lanes = lanesOf(app, clients.length, PACED_CONNECTIONS, rounds);
  const publisher = new Publisher({ address, lanes, depth: 1, onFailure: (error) => tally.fail(error) });
  await publisher.connect();
  const deliveries = clients.length * rounds;
  const cost = await meter.measure(async () => {
    await paced(deliveries, PER_SECOND, (i) => publisher.release(i));
    await publisher.answered();
    await tally.until(deliveries);
  });
  tally.finish(deliveries);
  publisher.close();
  return cpuFigure('100 B paced', 'delivery', cost, deliveries);
}

async function floodPhase(bench: Bench, clients: readonly WsClient[], rounds: number): Promise<Figure[]> {
  const connections = floodConnections(bench);
  const tally = receiveOn(clients, connections);
  const lanes = lanesOf(bench.app, clients.length, connections, rounds);
  const { cost, deliveries } = await publishFlooding(bench, { tally, lanes, subscribers: 1 }, FLOOD);
  return [
    cpuFigure('100 B flood', 'delivery', cost, deliveries),
    rateFigure('100 B flood', 'delivery', cost, deliveries),
  ];
}

/** One list of requests per stream. */
function lanesOf(app: Bench['app'], channels: number, streams: number, rounds: number): Buffer[][] {
  return Array.from({ length: streams }, (_, stream) => requests(app, channels, stream, streams, rounds));
}

/** Requests of one stream: its share of the channels, `rounds` times over; the number is the round. */
function requests(
  app: Bench['app'],
  channels: number,
  stream: number,
  streams: number,
  rounds: number,
): Buffer[] {
  const list: Buffer[] = [];
  for (let round = 0; round < rounds; round++) {
    for (let channel = stream; channel < channels; channel += streams) {
      list.push(triggerRequest(app, EVENT, channelName(channel), payload(stream, round, BYTES)));
    }
  }
  return list;
}

function receiveOn(clients: readonly WsClient[], streams: number): Tally {
  const tally = new Tally();
  clients.forEach((client, i) => {
    client.receiver = new Receiver(new Feed(EVENT, channelName(i), BYTES), tally, streams);
  });
  return tally;
}

function channelName(i: number): string {
  return `many-${i}`;
}
