// What the system knows of its network interfaces, by ioctl (netdevice(7)). sysfs is not used: it shows the
// network namespace of whoever mounted it, which need not be ours.
//   struct ifreq (40): 0:16 name | 16:24 union
import { readFileSync } from 'node:fs';
import { ZwireError } from '../bytes/zwire-error.ts';
import * as libc from './libc.ts';
import { Memory } from './memory.ts';
import { ERRNO, SystemError, check } from './system-error.ts';

const SIOCGIFFLAGS = 0x8913;
const SIOCGIFADDR = 0x8915;
const SIOCGIFNETMASK = 0x891b;
const SIOCGIFMTU = 0x8921;
const SIOCGIFHWADDR = 0x8927;
const SIOCGIFINDEX = 0x8933;
const IFF_UP = 1;
const IFF_LOOPBACK = 8;
const IFF_RUNNING = 0x40;
const IFNAMSIZ = 16;
const ARPHRD_ETHER = 1;

export interface InterfaceInfo {
  readonly name: string;
  readonly index: number;
  /** Six bytes; zeros on the loopback interface. */
  readonly mac: Uint8Array;
  readonly mtuBytes: number;
  readonly up: boolean;
  /** A cable or peer is there (IFF_RUNNING). */
  readonly running: boolean;
  readonly loopback: boolean;
  /** Frames of this interface start with an Ethernet header. */
  readonly ethernet: boolean;
  /** Its first IPv4 address and netmask as u32, if it has one. */
  readonly ipv4: number | undefined;
  readonly netmask: number | undefined;
}

/** Names of this namespace's interfaces, from /proc/net/dev. */
export function listInterfaces(): string[] {
  return readFileSync('/proc/net/dev', 'utf8')
    .split('\n')
    .slice(2)
    .map((line) => line.slice(0, line.indexOf(':')).trim())
    .filter((name) => name !== '');
}

/** Everything about one interface; INTERFACE_MISSING names those that exist. */
export function lookUpInterface(name: string): InterfaceInfo {
  const fd = check(libc.socket(2, 2 | 0x80000, 0), 'socket(AF_INET)');
  try {
    using request = Memory.allocate(40);
    const ask = (what: number): boolean => {
      request.bytes.fill(0, 0, 40);
      request.bytes.set(new TextEncoder().encode(name).subarray(0, IFNAMSIZ - 1));
      return libc.ioctl(fd, what, request.address) >= 0;
    };
    if (name.length === 0 || name.length >= IFNAMSIZ || !ask(SIOCGIFINDEX)) throw missing(name);
    const index = request.view.getInt32(16, true);
    const must = (what: number, label: string): DataView => {
      if (!ask(what)) throw new SystemError(`ioctl(${label})`, libc.lastErrno() || ERRNO.EIO);
      return request.view;
    };
    const flags = must(SIOCGIFFLAGS, 'SIOCGIFFLAGS').getUint16(16, true);
    const mtuBytes = must(SIOCGIFMTU, 'SIOCGIFMTU').getInt32(16, true);
    const hardware = must(SIOCGIFHWADDR, 'SIOCGIFHWADDR');
    const ethernet = hardware.getUint16(16, true) === ARPHRD_ETHER;
    const mac = request.bytes.slice(18, 24);
    return {
      name,
      index,
      mac,
      mtuBytes,
      up: (flags & IFF_UP) !== 0,
      running: (flags & IFF_RUNNING) !== 0,
      loopback: (flags & IFF_LOOPBACK) !== 0,
      ethernet,
      ipv4: ask(SIOCGIFADDR) ? request.view.getUint32(20) : undefined,
      netmask: ask(SIOCGIFNETMASK) ? request.view.getUint32(20) : undefined,
    };
  } finally {
    libc.close(fd);
  }
}

function missing(name: string): ZwireError {
  return new ZwireError('INTERFACE_MISSING', `there is no network interface named "${name}"`, {
    fields: { interface: name },
    hint: `This host has: ${listInterfaces().join(', ')}. See: ip -brief link`,
  });
}
