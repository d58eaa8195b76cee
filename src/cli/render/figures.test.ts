import { describe, expect, it } from 'vitest';
import { formatBytes, formatClock, formatCount, formatRate, formatSeconds } from './figures.ts';

describe('figures', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.00 KiB'],
    [1024 * 1023.9, '1.00 MiB'],
    [1024 ** 3, '1.00 GiB'],
    [10.5 * 1024 ** 3, '10.5 GiB'],
    [105 * 1024 ** 4, '105 TiB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it.each([
    [0, '0 bit/s'],
    [999, '999 bit/s'],
    [17.94e9, '17.9 Gbit/s'],
    [999.9e6, '1.00 Gbit/s'],
    [Number.NaN, '-'],
    [Number.POSITIVE_INFINITY, '-'],
  ])('%d bits a second are %s', (rate, text) => {
    expect(formatRate(rate)).toBe(text);
  });

  it.each([
    [0, '0:00'],
    [0.2, '0:01'],
    [59.1, '1:00'],
    [754, '12:34'],
    [3723, '1:02:03'],
    [400_000, '-:--'],
    [Number.NaN, '-:--'],
    [-1, '-:--'],
  ])('%d seconds to go are %s', (seconds, text) => {
    expect(formatClock(seconds)).toBe(text);
  });

  it('says times that were taken with three digits', () => {
    expect([0.524, 12.34, 125].map(formatSeconds)).toEqual(['0.52 s', '12.3 s', '2:05']);
  });

  it('groups counts and knows one from many', () => {
    expect(formatCount(1, 'frame')).toBe('1 frame');
    expect(formatCount(0, 'repeat')).toBe('0 repeats');
    expect(formatCount(1_234_567, 'frame')).toBe('1 234 567 frames');
  });
});
