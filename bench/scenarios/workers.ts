/**
 * How the work of a fan-out divides among workers. The load generator needs a core for itself, so on two cores the wall
 * clock cannot show it; what the wall clock is bound by where there are cores enough can: the CPU time per delivery of
 * the server's busiest process. Paced, so that each publish is a write of its own however many processes share them.
 */
import { publishPaced } from './fan-out.ts';
import { forEachSize } from './fan-out-setup.ts';
import type { Bench, Figure, Scenario } from './scenario.ts';

export const workers: Scenario = {
  name: 'workers',
  summary: 'fan-out, by the busiest process; for --target carillon,carillon-workers',
  freshServer: false,
  run,
};

const SIZES = [
  ['1 KB', 1024],
  ['10 KB', 10_000],
] as const;
const PER_SECOND = 20;
const CONNECTIONS = 4;

async function run(bench: Bench): Promise<Figure[]> {
  const perConnection = bench.smoke ? 3 : 25;
  const phase = async (setup: Parameters<typeof publishPaced>[1]): Promise<Figure> => {
    const { cost, deliveries } = await publishPaced(bench, setup, perConnection * CONNECTIONS, PER_SECOND);
    const all = (cost.serverMicros / deliveries).toFixed(2);
    return {
      label: `${setup.label} paced`,
      unit: 'µs/delivery of the busiest process',
      value: cost.busiestMicros / deliveries,
      compared: true,
      checked: deliveries,
      generatorLoad: cost.generatorMicros / 1000 / cost.wallMs,
      note: `${all} µs of all processes; bound: ${Math.round((deliveries * 1e6) / cost.busiestMicros)} deliveries/s`,
    };
  };
  return forEachSize(
    bench,
    { subscribers: 1_000, sizes: SIZES, streams: CONNECTIONS, perStream: perConnection },
    phase,
  );
}
