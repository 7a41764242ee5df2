/** Results as text: header lines, then one table row per figure and target. Pure. */
import type { Facts } from './machine.ts';
import type { Failure, RunSettings, Series } from './run.ts';
import { median } from './statistics.ts';

/** The target the others are compared with. */
const BASE = 'bare';

export interface Report {
  readonly facts: Facts;
  readonly settings: RunSettings;
  readonly series: readonly Series[];
  readonly failures: readonly Failure[];
}

/** A ratio to the bare server: the median over rounds, each compared with the bare round it ran beside. */
export interface Ratio {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function ratioToBase(series: Series, all: readonly Series[]): Ratio | undefined {
  const base = all.find((other) => {
    return (
      other.target === BASE &&
      other.scenario === series.scenario &&
      other.figure.label === series.figure.label
    );
  });
  if (base === undefined || series.target === BASE || !series.figure.compared) return undefined;
  const ratios = series.values.map((value, round) => value / (base.values[round] ?? Number.NaN));
  return { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) };
}

export function formatHeader({ facts, settings }: Pick<Report, 'facts' | 'settings'>): string {
  return [
    `machine:  ${facts.cpu}, ${facts.cores} cores, ${facts.memoryGib} GiB, Linux ${facts.kernel}`,
    `versions: Carillon ${facts.carillon}, Node ${facts.node}, uWebSockets.js (npm:uwebsockets) ${facts.uws}`,
    `settings: ${settings.repeats} rounds after ${settings.warmUps} warm-up, ${settings.pipeline} under way per HTTP connection${settings.smoke ? ', SMOKE: figures mean nothing' : ''}`,
    `date:     ${facts.date}`,
  ].join('\n');
}

export function formatTable(all: readonly Series[]): string {
  const head = [
    'scenario',
    'figure',
    'target',
    'median',
    'min–max',
    'unit',
    'ratio to bare',
    'checked',
    'generator',
    'note',
  ];
  const rows = inReadingOrder(all).map((series) => {
    const { figure, values } = series;
    const ratio = ratioToBase(series, all);
    return [
      series.scenario,
      figure.label,
      series.target,
      number(median(values)),
      `${number(Math.min(...values))}–${number(Math.max(...values))}`,
      figure.unit,
      ratio === undefined ? '' : `${number(ratio.median)} (${number(ratio.min)}–${number(ratio.max)})`,
      String(series.checked),
      figure.generatorLoad === undefined ? '' : `${Math.round(figure.generatorLoad * 100)} %`,
      figure.note ?? '',
    ];
  });
  return markdown([head, head.map(() => '---'), ...rows]);
}

export function formatFailures(failures: readonly Failure[]): string {
  return failures
    .map(({ scenario, target, reason }) => `FAILED ${scenario}, ${target}: ${reason}`)
    .join('\n');
}

/** The targets of a figure below each other. */
export function inReadingOrder(all: readonly Series[]): Series[] {
  const keys = new Map<string, Series[]>();
  for (const series of all) {
    const key = `${series.scenario}\n${series.figure.label}`;
    keys.set(key, [...(keys.get(key) ?? []), series]);
  }
  return [...keys.values()].flat();
}

/** Three significant digits where that is not more than the value has to say. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}

/** Rows of cells as a table whose columns line up. */
export function markdown(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map(
      (row) =>
        `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0, cell === '---' ? '-' : ' ')).join(' | ')} |`,
    )
    .join('\n');
}
