/** The bench's command line: runs scenarios, prints the table, and exits non-zero when any check failed. */
import { writeFileSync } from 'node:fs';
import { type Arguments, helpText, readArguments } from './arguments.ts';
import { collectFacts } from './machine.ts';
import { formatFailures, formatHeader, formatTable, ratioToBase } from './report.ts';
import { type Failure, runScenario, type Series } from './run.ts';
import { SCENARIOS } from './scenarios/index.ts';
import { bareTarget } from './targets/bare.ts';
import { carillonTarget } from './targets/carillon.ts';
import { soketiTarget } from './targets/soketi.ts';
import type { Target } from './targets/target.ts';

process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}

async function main(argv: readonly string[]): Promise<number> {
  const names = SCENARIOS.map(({ name }) => name);
  const settings = readArguments(argv, names);
  if (settings.help) {
    process.stdout.write(helpText(SCENARIOS));
    return 0;
  }
  const targets = settings.targets.map((name) => targetNamed(name, settings));
  const facts = collectFacts(new Date());
  process.stdout.write(`${formatHeader({ facts, settings })}\n\n`);
  const series: Series[] = [];
  const failures: Failure[] = [];
  for (const scenario of SCENARIOS.filter(({ name }) => settings.scenarios.includes(name))) {
    const result = await runScenario(scenario, targets, settings, (line) =>
      process.stderr.write(`${line}\n`),
    );
    series.push(...result.series);
    failures.push(...result.failures);
    if (result.failures.length > 0) process.stderr.write(`${formatFailures(result.failures)}\n`);
  }
  process.stdout.write(`${formatTable(series)}\n`);
  if (failures.length > 0) process.stdout.write(`\n${formatFailures(failures)}\n`);
  if (settings.json !== undefined) {
    const withRatios = series.map((one) => ({ ...one, ratio: ratioToBase(one, series) }));
    writeFileSync(
      settings.json,
      `${JSON.stringify({ facts, settings, series: withRatios, failures }, null, 2)}\n`,
    );
  }
  return failures.length > 0 ? 1 : 0;
}

/** The table of drivers: a name from the command line to what it starts. */
function targetNamed(name: string, { soketi, carillonEnv }: Arguments): Target {
  switch (name) {
    case 'bare':
    case 'bare-again':
      return bareTarget(name);
    case 'bare-raw':
      return bareTarget(name, 'raw');
    case 'carillon':
      return carillonTarget(carillonEnv);
    case 'carillon-workers':
      return carillonTarget({ CARILLON_WORKERS: '2', ...carillonEnv }, name);
    case 'soketi':
      if (soketi === undefined) throw new Error('the target soketi needs --soketi DIR');
      return soketiTarget(soketi);
    default:
      throw new Error(
        `no target "${name}"; there are bare, bare-again, bare-raw, carillon, carillon-workers and soketi`,
      );
  }
}
