import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatIpv4, parseIpv4 } from './ipv4-address.ts';

describe('IPv4 address', () => {
  test('is an unsigned number in network order', () => {
    expect(parseIpv4('198.18.0.2')).toBe(0xc6120002);
    expect(parseIpv4('255.255.255.255')).toBe(0xffffffff);
    expect(parseIpv4('0.0.0.0')).toBe(0);
  });

  test('every address survives writing and reading', () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), (address) => {
        expect(parseIpv4(formatIpv4(address))).toBe(address);
      }),
    );
  });

  const malformed = [
    '',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '1.2.3.-4',
    '0x7f.0.0.1',
    '1.2.3.4 ',
    '1..3.4',
  ];
  for (const text of malformed) {
    test(`refuses ${JSON.stringify(text)}`, () => {
      expect(() => parseIpv4(text)).toThrow(expect.objectContaining({ code: 'IPV4_MALFORMED' }));
    });
  }
});
