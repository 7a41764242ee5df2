/**
 * How deliveries a second of wall time grow from one process to two workers, on a machine with no core to spare. Each
 * process of the server, the parent included, gets a core of a quarter of a real one's speed; the load generator has
 * what is left, at least one and a quarter cores. The table shows that the server is what bounds the rate: its workers are
 * held back by their share nearly all the time, and the generator is not busy.
 *
 *     node dist/bench/workers/main.js [--smoke]      Linux, as root; two minutes
 */
import { readFileSync } from 'node:fs';
import { BENCH_APP } from '../app.ts';
import { Meter } from '../measure.ts';
import { forEachSize, USUAL_SIZES } from '../scenarios/fan-out-setup.ts';
import { publishFlooding } from '../scenarios/flooding.ts';
import { median } from '../statistics.ts';
import { carillonTarget } from '../targets/carillon.ts';
import type { RunningTarget } from '../targets/target.ts';
import { type SlowCore, slowCore } from './cpu-quota.ts';

const smoke = process.argv.includes('--smoke');
const ROUNDS = smoke ? 1 : 4;
const SHARE = 0.25;
/** Requests under way, and publishes whose deliveries may be outstanding; also twice as many of both. */
const [STREAMS, WINDOW] = [32, 64];
const PUBLISHES = smoke ? 64 : 1600;
const FLOOD_MS = 4_000;
/** Above it the generator may have been what bounded the rate. */
const GENERATOR_MOST = 0.85;

interface Round {
  readonly perSecond: number;
  /** CPU time of all processes per delivery, in µs. */
  readonly micros: number;
  readonly generator: number;
  /** How often each process was held back: the parent first, where there is one. */
  readonly throttled: readonly number[];
}

interface Contestant {
  readonly workers: number;
  /** How many times the usual number of requests are under way. */
  readonly load: number;
  readonly server: RunningTarget;
  readonly cores: readonly SlowCore[];
  readonly rounds: Map<string, Round[]>;
}

const [single, pair] = [await started(1), await started(2)];
const twiceAsMuch = (one: Contestant): Contestant => ({ ...one, load: 2, rounds: new Map() });
const contestants: readonly Contestant[] = [single, pair, twiceAsMuch(single), twiceAsMuch(pair)];
for (let round = -1; round < ROUNDS; round += 1) {
  for (const contestant of round % 2 === 0 ? contestants : [...contestants].reverse()) {
    const rounds = await measured(contestant);
    // The first makes code hot and is thrown away.
    if (round < 0) continue;
    for (const [label, one] of rounds) {
      contestant.rounds.set(label, [...(contestant.rounds.get(label) ?? []), one]);
    }
  }
}
print();
for (const { server, cores } of [single, pair]) {
  await server.stop();
  for (const core of cores) core.remove();
}
process.exit(0);

async function started(workers: number): Promise<Contestant> {
  const server = await carillonTarget(workers === 1 ? {} : { CARILLON_WORKERS: String(workers) }).start();
  const children = readFileSync(`/proc/${server.pid}/task/${server.pid}/children`, 'latin1');
  const pids = [server.pid, ...children.split(' ').filter(Boolean).map(Number)];
  return { workers, load: 1, server, cores: pids.map((pid) => slowCore(pid, SHARE)), rounds: new Map() };
}

async function measured({ server, cores, load }: Contestant): Promise<[string, Round][]> {
  const meter = new Meter(server.pid);
  const bench = { address: server.address, app: BENCH_APP, meter, smoke, pipeline: 1 };
  const rounds: [string, Round][] = [];
  const streams = STREAMS * load;
  const plan = { subscribers: 1_000, sizes: USUAL_SIZES, streams, perStream: PUBLISHES / streams };
  await forEachSize(bench, plan, async (setup) => {
    for (const core of cores) core.throttled();
    const { cost, deliveries } = await publishFlooding(bench, setup, {
      limitMs: FLOOD_MS,
      window: WINDOW * load,
    });
    rounds.push([
      setup.label,
      {
        perSecond: (deliveries * 1000) / cost.wallMs,
        micros: cost.serverMicros / deliveries,
        generator: cost.generatorMicros / 1000 / cost.wallMs,
        throttled: cores.map((core) => core.throttled()),
      },
    ]);
    return { label: setup.label, unit: '', value: 0, compared: false, checked: deliveries };
  });
  return rounds;
}

function print(): void {
  const head = [
    'data',
    'workers',
    'under way',
    'deliveries/s (range)',
    'gain (range)',
    'µs of CPU',
    'generator',
    'held back',
  ];
  const lines = [head, head.map(() => '---')];
  for (const [label] of USUAL_SIZES) {
    for (const { workers, load, rounds } of contestants) {
      const mine = rounds.get(label) ?? [];
      const alone = contestants.find((other) => other.workers === 1 && other.load === load);
      const base = alone?.rounds.get(label) ?? [];
      const gains = mine.map(({ perSecond }, i) => perSecond / (base[i]?.perSecond ?? Number.NaN));
      lines.push([
        label,
        String(workers),
        String(STREAMS * load),
        spread(
          mine.map(({ perSecond }) => perSecond),
          0,
        ),
        workers === 1 ? '' : spread(gains, 2),
        median(mine.map(({ micros }) => micros)).toFixed(2),
        percent(median(mine.map(({ generator }) => generator))),
        (mine[0]?.throttled ?? [])
          .map((_, i) => percent(median(mine.map(({ throttled }) => throttled[i] ?? 0))))
          .join(', '),
      ]);
      if (mine.some(({ generator }) => generator > GENERATOR_MOST))
        lines.push(['', '', '', 'the generator was too busy']);
    }
  }
  process.stdout.write(`${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`);
}

function spread(values: readonly number[], digits: number): string {
  const [middle, least, most] = [median(values), Math.min(...values), Math.max(...values)];
  return `${middle.toFixed(digits)} (${least.toFixed(digits)}–${most.toFixed(digits)})`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}
