/**
 * One subscriber that stops reading among many that do not: the others must get everything, and in good time. Delays are
 * from the request's write to the frame's arrival in the same process, so they hold the generator's own delay as well.
 */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { closeCrowd, openCrowd, subscribeCrowd } from '../client/crowd.ts';
import { Feed, Receiver } from '../client/delivery-check.ts';
import { paced } from '../client/pace.ts';
import { payload } from '../client/payload.ts';
import { Publisher } from '../client/publisher.ts';
import { triggerRequest } from '../client/signing.ts';
import { Tally } from '../client/tally.ts';
import { WsClient } from '../client/ws-client.ts';
import { percentile } from '../statistics.ts';
import type { Bench, Figure, Scenario } from './scenario.ts';

export const slowReader: Scenario = {
  name: 'slow-reader',
  summary: 'one reader stops: delays of the others, with and without it',
  freshServer: false,
  run,
};

const EVENT = 'tick';
const CHANNEL = 'slow-reader';
/** Large events, so that what is unread outgrows the kernel's buffers within the phase. */
const BYTES = 10_000;
const PER_SECOND = 200;
const CONNECTIONS = 4;

async function run(bench: Bench): Promise<Figure[]> {
  const { address, app, smoke } = bench;
  const publishes = smoke ? 48 : 1_000;
  const tally = new Tally();
  const readers = await openCrowd({ address, appKey: app.key, tally }, smoke ? 5 : 50);
  await subscribeCrowd(readers, () => CHANNEL);
  const without = await delays(bench, readers, publishes, 'all read');
  const slow = await stuckReader(bench);
  const beside = await delays(bench, readers, publishes, 'one is stuck');
  slow.destroy();
  // Lets the server notice before the readers leave.
  await sleep(50);
  await closeCrowd(readers);
  tally.check();
  return [...without, ...beside];
}

/** A subscriber that reads no more. It has a tally of its own: the server may drop it, and that is no failure. */
async function stuckReader({ address, app }: Bench): Promise<WsClient> {
  const slow = new WsClient({ address, appKey: app.key, tally: new Tally() });
  await slow.connect();
  await slow.subscribe(CHANNEL);
  slow.stall();
  return slow;
}

async function delays(
  { address, app }: Bench,
  readers: readonly WsClient[],
  publishes: number,
  label: string,
): Promise<Figure[]> {
  const tally = new Tally();
  const feed = new Feed(EVENT, CHANNEL, BYTES);
  const sentAt = new Float64Array(publishes);
  const delay = new Float64Array(publishes * readers.length);
  let measured = 0;
  const onDelivery = (stream: number, sequence: number): void => {
    delay[measured] = performance.now() - (sentAt[sequence * CONNECTIONS + stream] ?? Number.NaN);
    measured += 1;
  };
  for (const reader of readers)
    reader.receiver = new Receiver(feed, tally, CONNECTIONS, undefined, onDelivery);
  const lanes = Array.from({ length: CONNECTIONS }, (_, stream) =>
    Array.from({ length: publishes / CONNECTIONS }, (__, i) =>
      triggerRequest(app, EVENT, CHANNEL, payload(stream, i, BYTES)),
    ),
  );
  const publisher = new Publisher({ address, lanes, depth: 1, onFailure: (error) => tally.fail(error) });
  await publisher.connect();
  await paced(publishes, PER_SECOND, (i) => {
    sentAt[i] = performance.now();
    publisher.release(i);
  });
  await publisher.answered();
  await tally.until(delay.length);
  await sleep(100);
  tally.finish(delay.length);
  publisher.close();
  return [
    figure(`delay p50, ${label}`, percentile(delay, 0.5), delay.length),
    figure(`delay p99, ${label}`, percentile(delay, 0.99), delay.length),
    figure(`delay max, ${label}`, percentile(delay, 1), delay.length),
  ];
}

function figure(label: string, value: number, checked: number): Figure {
  return { label, unit: 'ms', value, compared: false, checked };
}
