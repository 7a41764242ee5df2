/** The bench's command line: runs scenarios, prints the table, and exits non-zero when any check failed. */
import { writeFileSync } from 'node:fs';
import { type Arguments, helpText, readArguments } from './arguments.ts';
import { collectFacts } from './machine.ts';
import { PROGRAMS, runProgram } from './programs.ts';
import { formatFailures, formatHeader, formatTable, type Report, ratioToBase } from './report.ts';
import { type Failure, runScenario, type Series } from './run.ts';
import { SCENARIOS } from './scenarios/index.ts';
import { formatSummary } from './summary.ts';
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
  const settings = readArguments(argv, [...SCENARIOS, ...PROGRAMS]);
  if (settings.help) {
    process.stdout.write(helpText(SCENARIOS, PROGRAMS));
    return 0;
  }
  const targets = settings.targets.map((name) => targetNamed(name, settings));
  const facts = collectFacts(new Date());
  process.stdout.write(`${formatHeader({ facts, settings })}\n\n`);
  const series: Series[] = [];
  const failures: Failure[] = [];
  for (const scenario of SCENARIOS.filter(({ name }) => settings.wanted.includes(name))) {
    const result = await runScenario(scenario, targets, settings, (line) =>
      process.stderr.write(`${line}\n`),
    );
    series.push(...result.series);
    failures.push(...result.failures);
    if (result.failures.length > 0) process.stderr.write(`${formatFailures(result.failures)}\n`);
    writeResults({ facts, settings, series, failures }, settings);
  }
  if (series.length > 0) process.stdout.write(`${formatTable(series)}\n`);
  const ended = await runPrograms(settings);
  if (ended.length > 0) process.stdout.write(`\n${ended.join('\n')}\n`);
  if (failures.length > 0) process.stdout.write(`\n${formatFailures(failures)}\n`);
  return failures.length + ended.length > 0 ? 1 : 0;
}

/** After each scenario, so that a run that is ended early has not been for nothing. */
function writeResults(report: Report, { json, markdown }: Arguments): void {
  if (json !== undefined) {
    const { facts, settings, failures } = report;
    const series = report.series.map((one) => ({ ...one, ratio: ratioToBase(one, report.series) }));
    writeFileSync(json, `${JSON.stringify({ facts, settings, series, failures }, null, 2)}\n`);
  }
  if (markdown !== undefined) writeFileSync(markdown, `${formatSummary(report)}\n`);
}

/** One after the other. Resolves with what went wrong. */
async function runPrograms(settings: Arguments): Promise<string[]> {
  const failures: string[] = [];
  for (const program of PROGRAMS.filter(({ name }) => settings.wanted.includes(name))) {
    process.stdout.write(`\n${program.name}: ${program.summary}\n\n`);
    const failure = await runProgram(program, settings);
    if (failure !== undefined) failures.push(`FAILED ${failure}`);
  }
  return failures;
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
