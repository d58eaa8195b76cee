import { describe, expect, it } from 'vitest';
import { type ProgressState, progressLine } from './progress-line.ts';
import { columnsOf } from './terminal-text.ts';

const STATE: ProgressState = {
  name: 'tank/data@monday',
  bytes: 1.2 * 1024 ** 3,
  totalBytes: 4 * 1024 ** 3,
  bitsPerSecond: 17.9e9,
  repeats: 3,
  etaSeconds: 12,
  bottleneck: 'sink',
};

describe('progressLine', () => {
  it('says how far, how fast, how long, what was repeated and what limits', () => {
    expect(progressLine('sending', [STATE], 120)).toBe(
      'sending tank/data@monday  1.20 GiB of 4.00 GiB (30%)  17.9 Gbit/s  ETA 0:12  3 repeats  limited by sink',
    );
  });

  it('says less of a stream of unknown size, and of an unknown limit', () => {
    const { totalBytes: _, etaSeconds: __, ...unknown } = STATE;
    expect(progressLine('sending', [{ ...unknown, bottleneck: 'unknown' }], 120)).toBe(
      'sending tank/data@monday  1.20 GiB  17.9 Gbit/s  3 repeats',
    );
  });

  it('does not go past 100 % of an estimate', () => {
    expect(progressLine('sending', [{ ...STATE, totalBytes: 1024 ** 3 }], 120)).not.toContain('%');
  });

  it('adds up several transfers', () => {
    expect(progressLine('receiving', [STATE, STATE], 120)).toBe(
      'receiving 2 transfers  2.40 GiB of 8.00 GiB (30%)  35.8 Gbit/s  6 repeats',
    );
  });

  it('leaves the least important out, and never takes more than the columns there are', () => {
    expect(progressLine('sending', [STATE], 80)).toBe(
      'sending tank/data@monday  1.20 GiB of 4.00 GiB (30%)  17.9 Gbit/s  ETA 0:12',
    );
    for (let columns = 1; columns < 130; columns += 1) {
      const line = progressLine('sending', [{ ...STATE, name: '日本語/データ@月曜日'.repeat(4) }], columns);
      expect(columnsOf(line)).toBeLessThanOrEqual(columns);
      expect(line).not.toBe('');
    }
  });

  it('shows no escape sequence of a name from the wire', () => {
    expect(progressLine('receiving', [{ ...STATE, name: '\x1b[2Jx' }], 120)).not.toContain('\x1b');
  });
});
