/** The same fan-out with publishes as fast as they are accepted, where a server that can batch its writes gains. */
import { type FanOut, forEachSize, USUAL_SIZES } from './fan-out-setup.ts';
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

const FLOOD = { limitMs: 4_000, window: 64 };

async function run(bench: Bench): Promise<Figure[]> {
  const publishes = bench.smoke ? 64 : 1_280;
  const connections = floodConnections(bench);
  const perStream = publishes / connections;
  const plan = { subscribers: 1_000, sizes: USUAL_SIZES, streams: connections, perStream };
  return forEachSize(bench, plan, (setup) => phase(bench, setup));
}

async function phase(bench: Bench, setup: FanOut): Promise<Figure[]> {
  const { cost, deliveries } = await publishFlooding(bench, setup, FLOOD);
  const label = `${setup.label} flood`;
  return [cpuFigure(label, 'delivery', cost, deliveries), rateFigure(label, 'delivery', cost, deliveries)];
}
