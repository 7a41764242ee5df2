/** One publisher, a thousand subscribers or ten thousand, at a rate the server is never busy with: the price of a delivery alone. */
import { paced } from '../client/pace.ts';
import { Publisher } from '../client/publisher.ts';
import type { Cost } from '../measure.ts';
import { type FanOut, forEachSize, type Sizes, USUAL_SIZES } from './fan-out-setup.ts';
import { type Bench, cpuFigure, type Figure, type Scenario } from './scenario.ts';

export const fanOut: Scenario = {
  name: 'fan-out',
  summary: '1 to 1,000 subscribers at 50 publishes a second, 100 B and 1 KB',
  freshServer: false,
  run,
};

export const fanOutWide: Scenario = {
  name: 'fan-out-wide',
  summary: '1 to 10,000 subscribers, 100 B, 1 KB and 10 KB; 1 to 1,000, 10 KB',
  freshServer: false,
  run: runWide,
};

const CONNECTIONS = 4;
/** Deliveries' data in a second: what a generator reads without falling behind. */
const BYTES_PER_SECOND = 110e6;

async function run(bench: Bench): Promise<Figure[]> {
  return pacedFanOut(bench, { subscribers: 1_000, sizes: USUAL_SIZES, perConnection: 40, perSecond: 50 });
}

async function runWide(bench: Bench): Promise<Figure[]> {
  const wide = await pacedFanOut(bench, {
    subscribers: 10_000,
    sizes: [
      ['100 B to 10,000', 100],
      ['1 KB to 10,000', 1024],
      ['10 KB to 10,000', 10 * 1024],
    ],
    perConnection: 3,
    perSecond: 2,
  });
  const long = await pacedFanOut(bench, {
    subscribers: 1_000,
    sizes: [['10 KB to 1,000', 10 * 1024]],
    perConnection: 10,
    perSecond: 10,
  });
  return [...wide, ...long];
}

interface PacedPlan {
  readonly subscribers: number;
  readonly sizes: Sizes;
  /** Publishes on each connection; 3 in a smoke run. */
  readonly perConnection: number;
  /** Publishes, but fewer where they would be more than `BYTES_PER_SECOND`. */
  readonly perSecond: number;
}

function pacedFanOut(bench: Bench, { perConnection, perSecond, ...plan }: PacedPlan): Promise<Figure[]> {
  const perStream = bench.smoke ? 3 : perConnection;
  return forEachSize(bench, { ...plan, streams: CONNECTIONS, perStream }, (setup) => {
    const rate = Math.min(perSecond, BYTES_PER_SECOND / (setup.bytes * setup.subscribers));
    return phase(bench, setup, perStream * CONNECTIONS, rate);
  });
}

async function phase(bench: Bench, setup: FanOut, publishes: number, perSecond: number): Promise<Figure> {
  const { cost, deliveries } = await publishPaced(bench, setup, publishes, perSecond);
  return cpuFigure(`${setup.label} paced`, 'delivery', cost, deliveries);
}

/** Publishes so many a second, and sees every delivery. */
export async function publishPaced(
  { address, meter }: Pick<Bench, 'address' | 'meter'>,
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
