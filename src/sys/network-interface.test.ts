import { networkInterfaces } from 'node:os';
import { describe, expect, test } from 'vitest';
import { listInterfaces, lookUpInterface } from './network-interface.ts';

describe('network interfaces', () => {
  test('are listed by name', () => {
    expect(listInterfaces()).toContain('lo');
    for (const name of Object.keys(networkInterfaces())) expect(listInterfaces()).toContain(name);
  });

  test('are described as the system describes them', () => {
    for (const name of new Set(['lo', ...Object.keys(networkInterfaces())])) {
      const found = lookUpInterface(name);
      expect(found).toMatchObject({ name, loopback: name === 'lo' });
      expect(found.index).toBeGreaterThan(0);
      expect(found.mtuBytes).toBeGreaterThan(0);
      expect(found.mac).toHaveLength(6);
    }
    expect(lookUpInterface('lo').ethernet).toBe(false);
  });

  test('have the address and mask that node finds', () => {
    const known = Object.entries(networkInterfaces()).flatMap(([name, addresses]) => {
      const ipv4 = addresses?.find(({ family }) => family === 'IPv4');
      return ipv4 === undefined ? [] : [{ name, ...ipv4 }];
    });
    const dotted = (value: number | undefined): string =>
      [24, 16, 8, 0].map((shift) => ((value ?? 0) >>> shift) & 0xff).join('.');
    for (const { name, address, netmask, mac } of known) {
      const found = lookUpInterface(name);
      expect(dotted(found.ipv4)).toBe(address);
      expect(dotted(found.netmask)).toBe(netmask);
      expect(Buffer.from(found.mac).toString('hex')).toBe(mac.replaceAll(':', ''));
    }
  });

  test.each(['', 'nosuch0', 'a-name-longer-than-15', '../../etc'])(
    '"%s" is missing, and others are named',
    (name) => {
      expect(() => lookUpInterface(name)).toThrow(
        expect.objectContaining({
          code: 'INTERFACE_MISSING',
          fields: { interface: name },
          hint: expect.stringContaining('lo'),
        }),
      );
    },
  );
});
