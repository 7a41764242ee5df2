/**
 * Published at one node, delivered to the clients of another: what both and the Redis between them use, per delivery.
 * Everything they do meanwhile counts, also what a node does when it has nothing to do.
 */
import type { Cost } from '../measure.ts';
import { publishPaced } from './fan-out.ts';
import { type FanOut, forEachSize } from './fan-out-setup.ts';
import { publishFlooding } from './flooding.ts';
import { type Bench, cpuFigure, type Figure, floodConnections, type Scenario } from './scenario.ts';

export const crossNode: Scenario = {
  name: 'cross-node',
  summary: 'published at one node, 100 subscribers at another: both and their Redis',
  freshServer: false,
  nodes: 2,
  run,
};

const SUBSCRIBERS = 100;
const STREAMS = 4;
const RATES = [
  { perSecond: 100, perStream: 125 },
  { perSecond: 500, perStream: 375 },
] as const;
const FLOOD_PUBLISHES = 4_800;
const FLOOD = { limitMs: 4_000, window: 64 };

async function run(bench: Bench): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const { perSecond, ...rate } of RATES) {
    const perStream = bench.smoke ? 3 : rate.perStream;
    const phase = async (setup: FanOut): Promise<Figure> => {
      const { cost, deliveries } = await publishPaced(bench, setup, perStream * STREAMS, perSecond);
      return shared(setup.label, cost, deliveries);
    };
    figures.push(...(await toOtherNode(bench, `100 B, ${perSecond}/s`, STREAMS, perStream, phase)));
  }
  const streams = floodConnections(bench);
  const perStream = (bench.smoke ? 64 : FLOOD_PUBLISHES) / streams;
  const flood = await toOtherNode(bench, '100 B flood', streams, perStream, async (setup) => {
    const { cost, deliveries } = await publishFlooding(bench, setup, FLOOD);
    return shared(setup.label, cost, deliveries);
  });
  return [...figures, ...flood];
}

function toOtherNode(
  bench: Bench,
  label: string,
  streams: number,
  perStream: number,
  phase: (setup: FanOut) => Promise<Figure>,
): Promise<Figure[]> {
  const [address] = bench.peers;
  if (address === undefined) throw new Error('cross-node needs a second node');
  const plan = { subscribers: SUBSCRIBERS, sizes: [[label, 100]] as const, streams, perStream };
  return forEachSize({ ...bench, address }, plan, phase);
}

function shared(label: string, cost: Cost, deliveries: number): Figure {
  const [publisher, subscribers, redis] = cost.eachMicros.map((micros) => (micros / deliveries).toFixed(2));
  const figure = cpuFigure(label, 'delivery', cost, deliveries);
  return {
    ...figure,
    note: `publisher ${publisher}, subscribers' node ${subscribers}, Redis ${redis}; ${figure.note}`,
  };
}
