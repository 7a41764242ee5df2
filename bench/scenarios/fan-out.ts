/** One publisher, a thousand subscribers, at a rate the server is never busy with: the price of a delivery alone. */
import { paced } from '../client/pace.ts';
import { Publisher } from '../client/publisher.ts';
import type { Cost } from '../measure.ts';
import { type FanOut, forEachSize } from './fan-out-setup.ts';
import { type Bench, cpuFigure, type Figure, type Scenario } from './scenario.ts';

export const fanOut: Scenario = {
  name: 'fan-out',
  summary: '1 to 1,000 subscribers at 50 publishes a second, 100 B and 1 KB',
  freshServer: false,
  run,
};

const PER_SECOND = 50;
const CONNECTIONS = 4;

async function run(bench: Bench): Promise<Figure[]> {
  const perConnection = bench.smoke ? 3 : 40;
  return forEachSize(bench, CONNECTIONS, perConnection, (setup) => {
    return phase(bench, setup, perConnection * CONNECTIONS);
  });
}

async function phase(bench: Bench, setup: FanOut, publishes: number): Promise<Figure> {
  const { cost, deliveries } = await pacedFanOut(bench, setup, publishes, PER_SECOND);
  return cpuFigure(`${setup.label} paced`, 'delivery', cost, deliveries);
}

/** Publishes so many a second, and sees every delivery. */
export async function pacedFanOut(
  { address, meter }: Bench,
  { tally, lanes, subscribers }: FanOut,
  publishes: number,
  perSecond: number,
): Promise<{ readonly cost: Cost; readonly deliveries: number }> {
  const publisher = new Publisher({ address, lanes, depth: 1, onFailure: (error) => tally.fail(error) });
  await publisher.connect();
  const deliveries = publishes * subscribers;
  const cost = await meter.measure(async () => {
    await paced(publishes, perSecond, (i) => publisher.release(i));
    await publisher.answered();
    await tally.until(deliveries);
  });
  tally.finish(deliveries);
  publisher.close();
  return { cost, deliveries };
}
