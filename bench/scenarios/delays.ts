/**
 * Delays of deliveries at a steady rate, from the moment a publish was due on its connection to the frame's arrival in the same
 * process, so they hold the generator's own delay as well.
 */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Feed, Receiver } from '../client/delivery-check.ts';
import { paced } from '../client/pace.ts';
import { payload } from '../client/payload.ts';
import { Publisher } from '../client/publisher.ts';
import { triggerRequest } from '../client/signing.ts';
import { Tally } from '../client/tally.ts';
import type { WsClient } from '../client/ws-client.ts';
import { percentile } from '../statistics.ts';
import type { Bench, Figure } from './scenario.ts';

const EVENT = 'tick';
const CONNECTIONS = 4;
/** Time in which a delivery that came twice would arrive, in ms. */
const TAIL_MS = 100;

export interface SteadyLoad {
  readonly channel: string;
  /** Subscribers of the channel. */
  readonly readers: readonly WsClient[];
  /** A multiple of 4. */
  readonly publishes: number;
  readonly perSecond: number;
  /** Of each event's data. */
  readonly bytes: number;
}

/** One delay for each delivery, in ms. */
export async function deliveryDelays({ address, app }: Bench, load: SteadyLoad): Promise<Float64Array> {
  const { channel, readers, publishes, perSecond, bytes } = load;
  const tally = new Tally();
  const feed = new Feed(EVENT, channel, bytes);
  const sentAt = new Float64Array(publishes);
  const delays = new Float64Array(publishes * readers.length);
  let measured = 0;
  const onDelivery = (stream: number, sequence: number): void => {
    delays[measured] = performance.now() - (sentAt[sequence * CONNECTIONS + stream] ?? Number.NaN);
    measured += 1;
  };
  for (const reader of readers)
    reader.receiver = new Receiver(feed, tally, CONNECTIONS, undefined, onDelivery);
  const lanes = Array.from({ length: CONNECTIONS }, (_, stream) =>
    Array.from({ length: publishes / CONNECTIONS }, (__, i) =>
      triggerRequest(app, EVENT, channel, payload(stream, i, bytes)),
    ),
  );
  const publisher = new Publisher({ address, lanes, depth: 1, onFailure: (error) => tally.fail(error) });
  await publisher.connect();
  await paced(publishes, perSecond, (i) => {
    sentAt[i] = performance.now();
    publisher.release(i);
  });
  await publisher.answered();
  await tally.until(delays.length);
  await sleep(TAIL_MS);
  tally.finish(delays.length);
  publisher.close();
  return delays;
}

/** Median, 99th percentile and longest. */
export function delayFigures(label: string, delays: Float64Array): Figure[] {
  const figure = (name: string, share: number): Figure => ({
    label: `delay ${name}, ${label}`,
    unit: 'ms',
    value: percentile(delays, share),
    compared: false,
    checked: delays.length,
  });
  return [figure('p50', 0.5), figure('p99', 0.99), figure('max', 1)];
}
