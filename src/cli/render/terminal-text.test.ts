import { describe, expect, it } from 'vitest';
import { columnsOf, cut, printable, shorten } from './terminal-text.ts';

describe('text from elsewhere on a terminal', () => {
  it('cannot move the cursor, set the title, or turn the direction of text', () => {
    const hostile = 'tank\x1b]0;owned\x07/\x1b[2J\r\ndata\u009b31m\u202egnp.exe\u2028x\ud800';
    expect(printable(hostile)).toBe('tank?]0;owned?/?[2J??data?31m?gnp.exe?x?');
  });

  it('is measured in columns', () => {
    expect(columnsOf('tank/data')).toBe(9);
    expect(columnsOf('日本')).toBe(4);
    expect(columnsOf('e\u0301')).toBe(1);
    expect(columnsOf('🐟')).toBe(2);
  });

  it('is cut between characters', () => {
    expect(cut('日本語', 5)).toBe('日本');
    expect(cut('abc', 0)).toBe('');
  });

  it.each([
    ['tank/data@monday', 40, 'tank/data@monday'],
    ['tank/a/very/deep/dataset@monday', 14, 'tank..t@monday'],
    ['日本語日本語日本語', 8, '日..語語'],
  ])('%s is shortened to %d columns, keeping its end', (text, columns, short) => {
    const shown = shorten(text, columns);
    expect(columnsOf(shown)).toBeLessThanOrEqual(columns);
    if (columns === 8) expect(shown.startsWith('日')).toBe(true);
    else expect(shown).toBe(short);
  });
});
