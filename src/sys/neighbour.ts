// The next hop of an address: the routing and neighbour tables of this network namespace, from /proc/net.
//   /proc/net/route: Iface Destination Gateway Flags RefCnt Use Metric Mask ... (little-endian hex)
//   /proc/net/arp:   IP address, HW type, Flags (2 = complete), HW address, Mask, Device
import { readFileSync } from 'node:fs';
import { formatIpv4 } from '../bytes/ipv4-address.ts';

function hexLittleEndian(text: string): number {
  const value = Number.parseInt(text, 16);
  return (((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}

/** The gateway towards `address` over the interface, or `address` itself when it is on the link; undefined without a route. */
export function nextHop(
  address: number,
  interfaceName: string,
  routes: string = readFileSync('/proc/net/route', 'utf8'),
): number | undefined {
  let best: { mask: number; gateway: number } | undefined;
  for (const line of routes.split('\n').slice(1)) {
    const fields = line.split(/\s+/);
    const [name, destination, gateway, , , , , mask] = fields;
    if (name !== interfaceName || destination === undefined || gateway === undefined || mask === undefined)
      continue;
    const maskValue = hexLittleEndian(mask);
    if ((address & maskValue) >>> 0 !== hexLittleEndian(destination)) continue;
    if (best === undefined || maskValue > best.mask)
      best = { mask: maskValue, gateway: hexLittleEndian(gateway) };
  }
  if (best === undefined) return undefined;
  return best.gateway === 0 ? address : best.gateway;
}

/** The MAC address the kernel has learned for a neighbour, if its entry is complete. */
export function neighbourMac(
  address: number,
  interfaceName: string,
  table: string = readFileSync('/proc/net/arp', 'utf8'),
): string | undefined {
  const text = formatIpv4(address);
  for (const line of table.split('\n').slice(1)) {
    const [ip, , flags, mac, , device] = line.split(/\s+/);
    if (ip !== text || device !== interfaceName || flags === undefined || mac === undefined) continue;
    if ((Number.parseInt(flags, 16) & 2) !== 0) return mac;
  }
  return undefined;
}
