import { describe, expect, test } from 'vitest';
import { parseIpv4 } from '../bytes/ipv4-address.ts';
import { neighbourMac, nextHop } from './neighbour.ts';

const ROUTES = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010011AC\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
eth0\t00640A0A\tFE0011AC\t0003\t0\t0\t0\t00FFFFFF\t0\t0\t0
eth0\t05640A0A\tFD0011AC\t0007\t0\t0\t0\tFFFFFFFF\t0\t0\t0
vza\t000012C6\t00000000\t0001\t0\t0\t0\tFCFFFFFF\t0\t0\t0
high\t000000F0\t00000000\t0001\t0\t0\t0\t000000F0\t0\t0\t0
`;

const NEIGHBOURS = `IP address       HW type     Flags       HW address            Mask     Device
172.17.0.1       0x1         0x2         02:42:ac:11:00:01     *        eth0
198.18.0.2       0x1         0x2         e2:ff:48:6e:a9:fe     *        vza
198.18.0.3       0x1         0x0         00:00:00:00:00:00     *        vza
198.18.0.4       0x1         0x6         02:00:00:00:00:04     *        vza
172.17.0.9       0x1         0x2         02:00:00:00:00:09     *        other
172.17.0.9       0x1         0x2         02:00:00:00:00:0a     *        eth0
`;

describe('the next hop', () => {
  const hop = (address: string, interfaceName: string): number | undefined =>
    nextHop(parseIpv4(address), interfaceName, ROUTES);

  test('is the address itself on the link', () => {
    expect(hop('172.17.200.3', 'eth0')).toBe(parseIpv4('172.17.200.3'));
    expect(hop('198.18.0.2', 'vza')).toBe(parseIpv4('198.18.0.2'));
    expect(hop('255.1.2.3', 'high')).toBe(parseIpv4('255.1.2.3'));
  });

  test('is the gateway of the narrowest route', () => {
    expect(hop('8.8.8.8', 'eth0')).toBe(parseIpv4('172.17.0.1'));
    expect(hop('10.10.100.7', 'eth0')).toBe(parseIpv4('172.17.0.254'));
    expect(hop('10.10.100.5', 'eth0')).toBe(parseIpv4('172.17.0.253'));
  });

  test('is unknown where no route of that interface leads', () => {
    expect(hop('198.18.0.4', 'vza')).toBeUndefined();
    expect(hop('8.8.8.8', 'wlan0')).toBeUndefined();
    expect(nextHop(1, 'eth0', '')).toBeUndefined();
    expect(nextHop(1, 'eth0', 'Iface\neth0\n\n')).toBeUndefined();
  });

  test('comes from this system when no table is given', () => {
    expect(nextHop(parseIpv4('192.0.2.1'), 'no such interface')).toBeUndefined();
  });
});

describe('the MAC address of a neighbour', () => {
  const mac = (address: string, interfaceName: string): string | undefined =>
    neighbourMac(parseIpv4(address), interfaceName, NEIGHBOURS);

  test('is the one learned on that interface', () => {
    expect(mac('172.17.0.1', 'eth0')).toBe('02:42:ac:11:00:01');
    expect(mac('172.17.0.9', 'eth0')).toBe('02:00:00:00:00:0a');
    expect(mac('198.18.0.4', 'vza')).toBe('02:00:00:00:00:04');
  });

  test('is unknown while the kernel is still asking, or elsewhere', () => {
    expect(mac('198.18.0.3', 'vza')).toBeUndefined();
    expect(mac('172.17.0.1', 'vza')).toBeUndefined();
    expect(mac('1.2.3.4', 'eth0')).toBeUndefined();
    expect(neighbourMac(1, 'eth0', '')).toBeUndefined();
  });
});
