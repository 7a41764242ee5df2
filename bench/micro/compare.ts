/** Times small functions against each other: in turns, many short rounds, median and best of them. */
import { performance } from 'node:perf_hooks';
import { collectFacts } from '../machine.ts';
import { median } from '../statistics.ts';

export interface Variant {
  readonly name: string;
  /** Does the work once. All variants of a comparison must give the same result, which is checked first. */
  readonly run: () => string | boolean;
}

/** With `--smoke` it is only seen whether everything works. */
const ROUNDS = process.argv.includes('--smoke') ? 1 : 15;
/** Length of one round of one variant, in ms. */
const ROUND_MS = 15;

/** Kept so that no result is unused and its work optimised away. */
let sink = 0;

/** Prints one table row per variant: µs per call, median and best. */
export function compare(title: string, variants: readonly Variant[]): void {
  const expected = variants[0]?.run();
  for (const { name, run } of variants) {
    if (run() !== expected)
      throw new Error(`${title}: ${name} gives ${String(run())}, not ${String(expected)}`);
  }
  const calls = variants.map(({ run }) => callsPerRound(run));
  const micros: number[][] = variants.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    variants.forEach(({ run }, i) => {
      micros[i]?.push((time(run, calls[i] ?? 1) * 1000) / (calls[i] ?? 1));
    });
  }
  variants.forEach(({ name }, i) => {
    const values = micros[i] ?? [];
    const [middle, best] = [median(values).toFixed(3), Math.min(...values).toFixed(3)];
    process.stdout.write(`| ${title} | ${name} | ${middle} | ${best} |\n`);
  });
}

export function printHead(): void {
  const { cpu, cores, node, date } = collectFacts(new Date());
  process.stdout.write(
    `${cpu}, ${cores} cores, Node ${node}, ${date}, ${ROUNDS} rounds of ${ROUND_MS} ms\n\n`,
  );
  process.stdout.write('| case | variant | µs, median | µs, best |\n| --- | --- | --- | --- |\n');
}

/** The calls that fill a round; counting them warms the function up as well. */
function callsPerRound(run: Variant['run']): number {
  let calls = 1;
  let took = 0;
  while (took < ROUND_MS) {
    calls *= 2;
    took = time(run, calls);
  }
  return Math.max(1, Math.round((calls * ROUND_MS) / took));
}

/** ms for so many calls. */
function time(run: Variant['run'], calls: number): number {
  const start = performance.now();
  for (let i = 0; i < calls; i++) {
    const result = run();
    // A string built by concatenation is a rope until something looks into it, as sending it would.
    sink += typeof result === 'string' ? result.charCodeAt(result.length - 1) : Number(result);
  }
  const took = performance.now() - start;
  if (Number.isNaN(sink)) throw new Error('a variant gave an empty string');
  return took;
}
