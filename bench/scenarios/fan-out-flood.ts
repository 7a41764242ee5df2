/** The same fan-out with publishes as fast as they are accepted, where a server that can batch its writes gains. */
import { Publisher } from '../client/publisher.ts';
import type { Cost } from '../measure.ts';
import { type FanOut, forEachSize, USUAL_SIZES } from './fan-out-setup.ts';
import { type Bench, cpuFigure, type Figure, floodConnections, type Scenario } from './scenario.ts';

export const fanOutFlood: Scenario = {
  name: 'fan-out-flood',
  summary: '1 to 1,000 subscribers, publishes as fast as accepted, 100 B and 1 KB',
  freshServer: false,
  run,
};

/** Time after which no further publish is started, in ms. */
const LIMIT_MS = 4_000;
/**
 * Publishes whose deliveries may be outstanding. Bounds what piles up in the kernel when the generator reads more slowly
 * than the server writes; without it the flood would measure how a server sheds slow readers.
 */
const WINDOW = 64;

async function run(bench: Bench): Promise<Figure[]> {
  const publishes = bench.smoke ? 64 : 1_280;
  const connections = floodConnections(bench);
  const perStream = publishes / connections;
  const plan = { subscribers: 1_000, sizes: USUAL_SIZES, streams: connections, perStream };
  return forEachSize(bench, plan, (setup) => phase(bench, setup));
}

async function phase(bench: Bench, setup: FanOut): Promise<Figure> {
  const { cost, deliveries } = await publishFlood(bench, setup);
  return cpuFigure(`${setup.label} flood`, 'delivery', cost, deliveries);
}

/**
 * Publishes as fast as it is accepted, and sees every delivery.
 * @param window publishes whose deliveries may be outstanding
 */
export async function publishFlood(
  { address, meter, pipeline }: Pick<Bench, 'address' | 'meter' | 'pipeline'>,
  { tally, lanes, subscribers }: FanOut,
  window = WINDOW,
): Promise<{ readonly cost: Cost; readonly deliveries: number }> {
  const publisher = new Publisher({
    address,
    lanes,
    depth: pipeline,
    onFailure: (error) => tally.fail(error),
  });
  await publisher.connect();
  const cost = await meter.measure(async () => {
    const poke = setInterval(() => publisher.poke(), 1);
    try {
      await publisher.flood(LIMIT_MS, () => (publisher.sent - window) * subscribers < tally.received);
    } finally {
      clearInterval(poke);
    }
    await tally.until(publisher.sent * subscribers);
  });
  const deliveries = publisher.sent * subscribers;
  tally.finish(deliveries);
  publisher.close();
  return { cost, deliveries };
}
