/** What a node pays for publications that concern none of its clients, beyond what it uses when nothing happens at all. */
import { setTimeout as sleep } from 'node:timers/promises';
import { publishPaced } from './fan-out.ts';
import { forEachSize } from './fan-out-setup.ts';
import type { Bench, Figure, Scenario } from './scenario.ts';

export const uninterested: Scenario = {
  name: 'uninterested',
  summary: 'a third node, while one publishes to the clients of another',
  freshServer: false,
  nodes: 3,
  run,
};

const STREAMS = 4;
const PER_SECOND = 1_000;

async function run(bench: Bench): Promise<Figure[]> {
  const [address] = bench.peers;
  if (address === undefined) throw new Error('uninterested needs three nodes');
  const perStream = bench.smoke ? 3 : PER_SECOND;
  const publishes = perStream * STREAMS;
  const plan = { subscribers: 10, sizes: [['100 B', 100]] as const, streams: STREAMS, perStream };
  return forEachSize({ ...bench, address }, plan, async (setup) => {
    const { cost } = await publishPaced(bench, setup, publishes, PER_SECOND);
    const idle = await bench.meter.measure(() => sleep(cost.wallMs));
    const [beside = 0, alone = 0] = [cost.eachMicros[2], idle.eachMicros[2]];
    return {
      label: `${setup.label}, ${PER_SECOND}/s elsewhere`,
      unit: 'µs/publish',
      value: (beside - alone) / publishes,
      compared: false,
      checked: publishes,
      generatorLoad: cost.generatorMicros / 1000 / cost.wallMs,
      note: `${(beside / cost.wallMs).toFixed(2)} ms/s meanwhile, ${(alone / idle.wallMs).toFixed(2)} when idle`,
    };
  });
}
