/** The same fan-out with publishes as fast as they are accepted, where a server that can batch its writes gains. */
import { forEachSize, type Sizes, USUAL_SIZES } from './fan-out-setup.ts';
import { publishFlooding } from './flooding.ts';
import {
  type Bench,
  cpuFigure,
  type Figure,
  floodConnections,
  rateFigure,
  type Scenario,
} from './scenario.ts';

export const fanOutFlood: Scenario = {
  name: 'fan-out-flood',
  summary: '1 to 1,000 subscribers, publishes as fast as accepted, 100 B and 1 KB',
  freshServer: false,
  run,
};

const LIMIT_MS = 4_000;
/** Publishes whose deliveries may be outstanding, for each request that is under way. */
const WINDOW_PER_REQUEST = 2;
/** More at once than uWebSockets joins into one write. */
const MANY_REQUESTS = 96;

async function run(bench: Bench): Promise<Figure[]> {
  return [
    ...(await flood(bench, USUAL_SIZES, floodConnections(bench), 'flood')),
    ...(await flood(bench, USUAL_SIZES.slice(0, 1), MANY_REQUESTS, `flood, ${MANY_REQUESTS} under way`)),
  ];
}

function flood(bench: Bench, sizes: Sizes, streams: number, label: string): Promise<Figure[]> {
  const publishes = bench.smoke ? 64 : 1_280;
  const plan = { subscribers: 1_000, sizes, streams, perStream: Math.ceil(publishes / streams) };
  return forEachSize(bench, plan, async (setup) => {
    const limits = { limitMs: LIMIT_MS, window: streams * WINDOW_PER_REQUEST };
    const { cost, deliveries } = await publishFlooding(bench, setup, limits);
    const title = `${setup.label} ${label}`;
    return [cpuFigure(title, 'delivery', cost, deliveries), rateFigure(title, 'delivery', cost, deliveries)];
  });
}
