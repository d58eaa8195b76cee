import { describe, expect, it } from 'vitest';
import { ZwireError } from '../../bytes/zwire-error.ts';
import { parseRate } from './rate.ts';

describe('parseRate', () => {
  it.each([
    ['5Gbit', 5e9],
    ['800Mbit', 8e8],
    ['1.5Gbit', 1.5e9],
    ['10kbit', 1e4],
    ['9600bit', 9600],
    ['125MB', 1e9],
    ['1GB', 8e9],
    ['1MiB', 8 * 1024 ** 2],
    ['1Gibit', 1024 ** 3],
    ['2 Gbit/s', 2e9],
    ['2Gbitps', 2e9],
  ])('%s is %d bits per second', (text, bits) => {
    expect(parseRate(text)).toBe(bits);
  });

  it.each([
    '',
    '5',
    '5G',
    '5Gb',
    'Gbit',
    '-1Gbit',
    '1e9bit',
    '5 Gbit x',
    '0Gbit',
    '0.0001bit',
    '1000Tbit',
    '5ibit',
    '∞Gbit',
  ])('refuses %j with an example', (text) => {
    try {
      parseRate(text);
      expect.unreachable(`${text} was taken`);
    } catch (error) {
      expect(error).toBeInstanceOf(ZwireError);
      expect(error).toMatchObject({
        code: 'FLAG_MALFORMED',
        fields: { value: text },
        hint: expect.stringContaining('5Gbit'),
      });
    }
  });
});
