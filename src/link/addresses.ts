// Finds the addresses of raw frames that were not given: source from the interface, next hop from the routing and
// neighbour tables. Whatever the user gives is taken as it is, existing or not.
import { ZwireError } from '../bytes/zwire-error.ts';
import { formatIpv4 } from '../bytes/ipv4-address.ts';
import { parseMac } from '../bytes/mac-address.ts';
import * as libc from '../sys/libc.ts';
import { Memory } from '../sys/memory.ts';
import { neighbourMac, nextHop } from '../sys/neighbour.ts';
import { type InterfaceInfo, lookUpInterface } from '../sys/network-interface.ts';
import { SOCKADDR_IN_BYTES, openUdpSocket, writeSockaddrIn } from '../sys/udp-socket.ts';
import type { LinkOptions } from './link.ts';

type RawOptions = Extract<LinkOptions, { kind: 'raw' }>;

/** How long the kernel gets to resolve a neighbour. */
const RESOLVE_STEPS = 100;
const RESOLVE_STEP_US = 10_000;
const DISCARD_PORT = 9;
const MSG_DONTWAIT = 0x40;

/** The interface, checked: it exists, is up, and carries Ethernet frames. */
export function usableInterface(name: string): InterfaceInfo {
  const found = lookUpInterface(name);
  if (!found.up) {
    throw new ZwireError('INTERFACE_DOWN', `the network interface "${name}" is down`, {
      fields: { interface: name },
      hint: `Bring it up with: ip link set dev ${name} up`,
    });
  }
  if (!found.ethernet && !found.loopback) {
    throw new ZwireError(
      'ADDRESS_UNKNOWN',
      `the network interface "${name}" does not carry Ethernet frames`,
      {
        fields: { interface: name },
        hint: 'Use plain UDP there: send with --to HOST, receive without --interface.',
      },
    );
  }
  return found;
}

/** The MTU to cut for: the interface's, or the smaller one that was asked for. */
export function frameBytesFor(device: InterfaceInfo, wished: number | undefined): number {
  if (wished === undefined || wished <= device.mtuBytes) return wished ?? device.mtuBytes;
  throw new ZwireError(
    'FRAME_TOO_LARGE',
    `a frame size of ${wished} bytes is over the MTU of ${device.name}, which is ${device.mtuBytes}`,
    {
      fields: { frameBytes: wished, mtuBytes: device.mtuBytes, interface: device.name },
      hint: `Leave --framesize out, or raise the MTU on both ends: ip link set dev ${device.name} mtu ${wished}`,
    },
  );
}

export function sourceIpFor(options: RawOptions, device: InterfaceInfo): number {
  const found = options.sourceIp ?? device.ipv4;
  if (found !== undefined) return found;
  throw new ZwireError('ADDRESS_UNKNOWN', `no source address: ${device.name} has no IPv4 address`, {
    fields: { interface: device.name },
    hint: 'Give any address with --source-ip; it need not exist.',
  });
}

export function destinationMacFor(options: RawOptions, device: InterfaceInfo): Uint8Array {
  if (options.destinationMac !== undefined) return options.destinationMac;
  const ip = options.destinationIp ?? 0xffff_ffff;
  if (ip === 0xffff_ffff) return new Uint8Array(6).fill(0xff);
  if (ip >>> 28 === 0xe) {
    // RFC 1112: 01:00:5e and the low 23 bits of the group.
    return Uint8Array.of(1, 0, 0x5e, (ip >>> 16) & 0x7f, (ip >>> 8) & 0xff, ip & 0xff);
  }
  if (device.loopback) return device.mac;
  const hop = nextHop(ip, device.name);
  if (hop === undefined) {
    throw unknownMac(ip, device, `there is no route to it over ${device.name}`);
  }
  const mac = resolveNeighbour(hop, device.name);
  if (mac === undefined) throw unknownMac(ip, device, `nobody answered ARP for ${formatIpv4(hop)}`);
  return parseMac(mac);
}

function unknownMac(ip: number, device: InterfaceInfo, reason: string): ZwireError {
  const text = formatIpv4(ip);
  return new ZwireError(
    'ADDRESS_UNKNOWN',
    `cannot find the MAC address of ${text} on ${device.name}: ${reason}`,
    {
      fields: { destinationIp: text, interface: device.name },
      hint: `Check the address with: ping -c1 -I ${device.name} ${text}\nOr give the receiver's MAC with --destination-mac (on the receiver: ip -brief link).`,
    },
  );
}

/** Looks in the neighbour table; if the entry is missing, an empty datagram makes the kernel ask. Blocks up to 1 s. */
function resolveNeighbour(hop: number, interfaceName: string): string | undefined {
  const known = neighbourMac(hop, interfaceName);
  if (known !== undefined) return known;
  const fd = openUdpSocket(0, 0, interfaceName);
  try {
    using memory = Memory.allocate(64);
    writeSockaddrIn(memory.view, 0, hop, DISCARD_PORT);
    libc.sendto(fd, memory.address, 0, MSG_DONTWAIT, memory.address, SOCKADDR_IN_BYTES);
    for (let step = 0; step < RESOLVE_STEPS; step++) {
      const found = neighbourMac(hop, interfaceName);
      if (found !== undefined) return found;
      libc.usleep(RESOLVE_STEP_US);
    }
    return undefined;
  } finally {
    libc.close(fd);
  }
}
