/** Results as they are published: a row for each figure, its targets side by side, ratios with their range. Pure. */
import {
  formatFailures,
  formatHeader,
  inReadingOrder,
  markdown,
  number,
  type Report,
  ratioToBase,
} from './report.ts';
import type { Series } from './run.ts';
import { median } from './statistics.ts';

export function formatSummary({ facts, settings, series, failures }: Report): string {
  const ordered = inReadingOrder(series);
  const targets = [...new Set(ordered.map(({ target }) => target))];
  const rows = new Map<string, Series[]>();
  for (const one of ordered) {
    const key = `${one.scenario}\n${one.figure.label}`;
    rows.set(key, [...(rows.get(key) ?? []), one]);
  }
  // Nothing is compared with the first column itself.
  const compared = targets.filter((target) =>
    ordered.some((one) => one.target === target && ratioToBase(one, ordered)),
  );
  const head = [
    'scenario',
    'figure',
    'unit',
    ...targets,
    ...compared.map((target) => `${target} ratio (range)`),
  ];
  const table = [...rows.values()].map((row) => {
    const of = (target: string): Series | undefined => row.find((one) => one.target === target);
    const [first] = row;
    return [
      first?.scenario ?? '',
      first?.figure.label ?? '',
      first?.figure.unit ?? '',
      ...targets.map((target) => middleOf(of(target))),
      ...compared.map((target) => ratioOf(of(target), ordered)),
    ];
  });
  const header = formatHeader({ facts, settings })
    .split('\n')
    .map((line) => `- ${line.replace(/: +/, ': ')}`)
    .join('\n');
  const failed = failures.length === 0 ? '' : `\n\n${formatFailures(failures)}`;
  return `${header}\n\n${markdown([head, head.map(() => '---'), ...table])}${failed}`;
}

function middleOf(series: Series | undefined): string {
  return series === undefined ? '' : number(median(series.values));
}

function ratioOf(series: Series | undefined, all: readonly Series[]): string {
  const ratio = series && ratioToBase(series, all);
  return ratio === undefined ? '' : `${number(ratio.median)} (${number(ratio.min)}–${number(ratio.max)})`;
}
