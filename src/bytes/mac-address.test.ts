import { describe, expect, test } from 'vitest';
import { formatMac, isMac, parseMac } from './mac-address.ts';

describe('MAC address', () => {
  test('reads both separators and either case, writes one form', () => {
    for (const text of ['02:1b:C3:d4:E5:0f', '02-1b-c3-d4-e5-0F']) {
      const mac = parseMac(text);
      expect([...mac]).toEqual([0x02, 0x1b, 0xc3, 0xd4, 0xe5, 0x0f]);
      expect(formatMac(mac)).toBe('02:1b:c3:d4:e5:0f');
    }
  });

  const malformed = [
    '',
    '02:00:00:00:00',
    '02:00:00:00:00:00:00',
    '02:00:00-00:00:00',
    '2:0:0:0:0:0',
    '02:00:00:00:00:0g',
    '020000000000',
    ' 02:00:00:00:00:00',
    '02:00:00:00:00:00\n',
  ];
  for (const text of malformed) {
    test(`refuses ${JSON.stringify(text)}`, () => {
      expect(() => parseMac(text)).toThrow(expect.objectContaining({ code: 'MAC_MALFORMED' }));
    });
  }

  test('a huge text is cut in the error', () => {
    expect(() => parseMac('x'.repeat(10_000))).toThrow(/^.{1,120}$/);
  });

  test('only six bytes are a MAC address', () => {
    expect([5, 6, 7].map((length) => isMac(new Uint8Array(length)))).toEqual([false, true, false]);
  });
});
