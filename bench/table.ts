// The series as tables of text: aligned for a terminal, and the same lines are valid Markdown.
import type { Sample } from './contender.ts';
import { figures, ratios, type Series, type Spread, spread } from './statistics.ts';

const HEAD = [
  'contender',
  'Gbit/s',
  'x reference',
  'Gbit/s with start and end',
  'CPU s/GiB sender',
  'receiver',
  'peak RSS MiB sender',
  'receiver',
];

const GIB = 2 ** 30;

const plain = (value: number | undefined, digits: number): string => value?.toFixed(digits) ?? '-';
const ranged = (value: Spread | undefined, digits: number): string =>
  value ? `${value.median.toFixed(digits)} [${value.min.toFixed(digits)}-${value.max.toFixed(digits)}]` : '-';

function row(series: Series, reference: Series | undefined): string[] {
  const median = (figure: (sample: Sample) => number): number | undefined =>
    spread(figures(series, figure))?.median;
  const most = (figure: (sample: Sample) => number): number | undefined =>
    spread(figures(series, figure))?.max;
  const failed =
    series.failures.length > 0 ? ` (${series.failures.length} of ${series.samples.length} runs failed)` : '';
  return [
    `${series.contender.title}${failed}`,
    ranged(spread(figures(series, (sample) => sample.bitsPerSecond / 1e9)), 1),
    ranged(spread(ratios(series, reference)), 2),
    plain(
      median((sample) => sample.wallBitsPerSecond / 1e9),
      1,
    ),
    plain(
      median((sample) => (sample.sender.cpuSeconds * GIB) / sample.bytes),
      2,
    ),
    plain(
      median((sample) => (sample.receiver.cpuSeconds * GIB) / sample.bytes),
      2,
    ),
    plain(
      most((sample) => sample.sender.peakRssBytes / 2 ** 20),
      0,
    ),
    plain(
      most((sample) => sample.receiver.peakRssBytes / 2 ** 20),
      0,
    ),
  ];
}

/** A table of `list`; the ratio column is to `reference`, run in the same rounds. */
export function table(list: readonly Series[], reference: Series | undefined): string {
  const rows = [HEAD, ...list.map((series) => row(series, reference))];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`;
  const rule = `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [line(HEAD), rule, ...rows.slice(1).map(line)].join('\n');
}
