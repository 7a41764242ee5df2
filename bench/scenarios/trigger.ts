/** The HTTP API by itself: signed triggers to channels without subscribers; one event a request, ten, one for ten channels. */
import type { AppCredentials } from '../app.ts';
import { Feed, Receiver } from '../client/delivery-check.ts';
import { payload } from '../client/payload.ts';
import { Publisher } from '../client/publisher.ts';
import { signedPost, triggerRequest } from '../client/signing.ts';
import { Tally } from '../client/tally.ts';
import { WsClient } from '../client/ws-client.ts';
import {
  type Bench,
  cpuFigure,
  type Figure,
  floodConnections,
  rateFigure,
  type Scenario,
} from './scenario.ts';

export const trigger: Scenario = {
  name: 'trigger',
  summary: 'signed triggers nobody listens to, batches of ten, and ten channels at once',
  freshServer: false,
  run,
};

const EVENT = 'tick';
const CHANNEL = 'trigger';
const BYTES = 100;
const BATCH = 10;
const LIMIT_MS = 6_000;

async function run(bench: Bench): Promise<Figure[]> {
  const { app, smoke } = bench;
  const [singles, batches] = smoke ? [64, 32] : [16_000, 6_400];
  const channels = Array.from({ length: BATCH }, (_, i) => `${CHANNEL}-${i}`);
  await proveDelivery(bench);
  return [
    ...(await flood(
      bench,
      'one event',
      'request',
      1,
      () => triggerRequest(app, EVENT, CHANNEL, payload(0, 0, BYTES)),
      singles,
    )),
    ...(await flood(bench, 'batch of ten', 'event', BATCH, () => batchRequest(app, 0), batches)),
    ...(await flood(
      bench,
      'ten channels',
      'event',
      BATCH,
      () => signedPost(app, 'events', JSON.stringify({ name: EVENT, data: payload(0, 0, BYTES), channels })),
      batches,
    )),
  ];
}

async function flood(
  bench: Bench,
  label: string,
  unit: string,
  eventsPerRequest: number,
  request: () => Buffer,
  requests: number,
): Promise<Figure[]> {
  const { address, meter, pipeline } = bench;
  const connections = floodConnections(bench);
  const lanes = Array.from({ length: connections }, () => {
    return Array.from({ length: requests / connections }, request);
  });
  // A failed answer rejects the flood itself, so there is nothing more to do about it here.
  const publisher = new Publisher({ address, lanes, depth: pipeline, onFailure: () => undefined });
  await publisher.connect();
  const cost = await meter.measure(() => publisher.flood(LIMIT_MS, () => true));
  const units = publisher.sent * eventsPerRequest;
  publisher.close();
  return [cpuFigure(label, unit, cost, units), rateFigure(label, unit, cost, units)];
}

/** Ten events in one request, numbered from `first` on. */
function batchRequest(app: AppCredentials, first: number): Buffer {
  const batch = Array.from({ length: BATCH }, (_, i) => {
    return { channel: CHANNEL, name: EVENT, data: payload(0, first + i, BYTES) };
  });
  return signedPost(app, 'batch_events', JSON.stringify({ batch }));
}

/** Not measured: with a subscriber, a trigger and a batch really arrive. A server that answers 200 and drops would win. */
async function proveDelivery({ address, app }: Bench): Promise<void> {
  const tally = new Tally();
  const client = new WsClient({ address, appKey: app.key, tally });
  await client.connect();
  client.receiver = new Receiver(new Feed(EVENT, CHANNEL, BYTES), tally, 1);
  await client.subscribe(CHANNEL);
  const lanes = [[triggerRequest(app, EVENT, CHANNEL, payload(0, 0, BYTES)), batchRequest(app, 1)]];
  const publisher = new Publisher({ address, lanes, depth: 1, onFailure: (error) => tally.fail(error) });
  await publisher.connect();
  await publisher.flood(LIMIT_MS, () => true);
  await tally.until(1 + BATCH);
  publisher.close();
  await client.close();
  tally.finish(1 + BATCH);
}
