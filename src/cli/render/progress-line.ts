// The progress of one or several transfers in one line, as wide as the terminal allows.
import { formatBytes, formatClock, formatCount, formatRate } from './figures.ts';
import { columnsOf, cut, printable, shorten } from './terminal-text.ts';

/** What is known of a running transfer; taken from its `progress` events. */
export interface ProgressState {
  readonly name: string;
  readonly bytes: number;
  readonly totalBytes?: number;
  readonly bitsPerSecond: number;
  /** Segments that were sent again. */
  readonly repeats: number;
  readonly etaSeconds?: number;
  readonly bottleneck: 'source' | 'wire' | 'sink' | 'unknown';
}

/** A piece of the line. The least important go first when the line is too long. */
interface Field {
  readonly text: string;
  readonly importance: number;
}

const SEPARATOR = '  ';
const NAME_COLUMNS_MIN = 12;

/** `sending NAME  1.20 GiB of 4.00 GiB (30%)  17.9 Gbit/s  ETA 0:12  3 repeats  limited by sink` */
export function progressLine(verb: string, states: readonly ProgressState[], columns: number): string {
  const [only] = states;
  if (only === undefined) return '';
  return fit(states.length === 1 ? oneTransfer(verb, only, columns) : allTransfers(verb, states), columns);
}

function oneTransfer(verb: string, state: ProgressState, columns: number): Field[] {
  const name = shorten(printable(state.name), Math.max(NAME_COLUMNS_MIN, Math.floor(columns / 3)));
  return [
    { text: `${verb} ${name}`, importance: 4 },
    { text: amount(state.bytes, state.totalBytes), importance: 6 },
    { text: formatRate(state.bitsPerSecond), importance: 5 },
    { text: state.etaSeconds === undefined ? '' : `ETA ${formatClock(state.etaSeconds)}`, importance: 3 },
    { text: formatCount(state.repeats, 'repeat'), importance: 1 },
    { text: state.bottleneck === 'unknown' ? '' : `limited by ${state.bottleneck}`, importance: 2 },
  ];
}

function allTransfers(verb: string, states: readonly ProgressState[]): Field[] {
  const sum = (of: (state: ProgressState) => number): number => states.reduce((total, s) => total + of(s), 0);
  const known = states.every((state) => state.totalBytes !== undefined);
  return [
    { text: `${verb} ${formatCount(states.length, 'transfer')}`, importance: 6 },
    {
      text: amount(
        sum((s) => s.bytes),
        known ? sum((s) => s.totalBytes ?? 0) : undefined,
      ),
      importance: 5,
    },
    { text: formatRate(sum((s) => s.bitsPerSecond)), importance: 4 },
    {
      text: formatCount(
        sum((s) => s.repeats),
        'repeat',
      ),
      importance: 1,
    },
  ];
}

/** Sizes of `zfs send` are estimates, so a transfer can pass 100 %; then only what was moved is said. */
function amount(bytes: number, totalBytes: number | undefined): string {
  if (totalBytes === undefined || totalBytes <= 0 || bytes > totalBytes) return formatBytes(bytes);
  return `${formatBytes(bytes)} of ${formatBytes(totalBytes)} (${Math.floor((bytes / totalBytes) * 100)}%)`;
}

function fit(fields: readonly Field[], columns: number): string {
  let kept = fields.filter((field) => field.text !== '');
  const line = (): string => kept.map((field) => field.text).join(SEPARATOR);
  while (kept.length > 1 && columnsOf(line()) > columns) {
    const least = Math.min(...kept.map((field) => field.importance));
    kept = kept.filter((field) => field.importance !== least);
  }
  return cut(line(), columns);
}
