// UDP sockets over IPv4 (udp(7)), with segmentation offload where the kernel has it.
//   struct sockaddr_in (16): 0:2 family | 2:2 port, big-endian | 4:4 address, big-endian | 8:8 zero
import { formatIpv4 } from '../bytes/ipv4-address.ts';
import { ZwireError } from '../bytes/zwire-error.ts';
import * as libc from './libc.ts';
import { Memory } from './memory.ts';
import { DROP_ALL, type FilterInstruction, attachFilter, attachSwitch } from './socket-filter.ts';
import {
  SOL_SOCKET,
  SOL_UDP,
  SO_BINDTODEVICE,
  SO_REUSEPORT,
  UDP_GRO,
  setOption,
  setOptionBytes,
  trySetOption,
} from './socket-option.ts';
import { ERRNO, SystemError, check } from './system-error.ts';

const AF_INET = 2;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0x80000;
export const SOCKADDR_IN_BYTES = 16;

export function writeSockaddrIn(view: DataView, offset: number, address: number, port: number): void {
  view.setUint16(offset, AF_INET, true);
  view.setUint16(offset + 2, port);
  view.setUint32(offset + 4, address);
  view.setUint32(offset + 8, 0);
  view.setUint32(offset + 12, 0);
}

/** Opens and binds. `address` 0 means any, `port` 0 lets the system choose. */
export function openUdpSocket(address: number, port: number, interfaceName?: string): number {
  const fd = check(libc.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), 'socket(AF_INET)');
  try {
    if (interfaceName !== undefined) {
      const name = new TextEncoder().encode(`${interfaceName}\0`);
      setOptionBytes(fd, SOL_SOCKET, SO_BINDTODEVICE, name, 'SO_BINDTODEVICE');
    }
    using memory = Memory.allocate(SOCKADDR_IN_BYTES);
    writeSockaddrIn(memory.view, 0, address, port);
    if (libc.bind(fd, memory.address, SOCKADDR_IN_BYTES) < 0)
      throw bindError(libc.lastErrno(), address, port);
    return fd;
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

/**
 * Opens a second socket on the address and port of `fd`; `program` says which datagrams are for it. The port was bound
 * before it became shareable, so that a port which another program holds is still refused.
 */
export function openTwinSocket(fd: number, program: readonly FilterInstruction[]): number {
  const twin = check(libc.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), 'socket(AF_INET)');
  try {
    const { address, port } = localName(fd);
    setOption(fd, SOL_SOCKET, SO_REUSEPORT, 1, 'SO_REUSEPORT');
    setOption(twin, SOL_SOCKET, SO_REUSEPORT, 1, 'SO_REUSEPORT');
    using memory = Memory.allocate(SOCKADDR_IN_BYTES);
    writeSockaddrIn(memory.view, 0, address, port);
    check(libc.bind(twin, memory.address, SOCKADDR_IN_BYTES), 'bind(AF_INET)');
    attachSwitch(fd, program);
    return twin;
  } catch (error) {
    libc.close(twin);
    throw error;
  }
}

function bindError(errno: number, address: number, port: number): Error {
  if (errno === ERRNO.EADDRINUSE) {
    return new ZwireError('PORT_TAKEN', `cannot use UDP port ${port}: another program holds it`, {
      fields: { port },
      hint: `See which one with: ss -ulpn 'sport = :${port}'\nOr choose another port on both sides with --port.`,
    });
  }
  if (errno === ERRNO.EADDRNOTAVAIL) {
    return new ZwireError(
      'ADDRESS_UNKNOWN',
      `cannot listen on ${formatIpv4(address)}: no interface of this host has it`,
      {
        hint: 'List the addresses with: ip -brief address',
      },
    );
  }
  if (errno === ERRNO.EACCES) {
    return new ZwireError(
      'PRIVILEGE_MISSING',
      `cannot use UDP port ${port}: ports below 1024 need CAP_NET_BIND_SERVICE`,
      {
        fields: { capability: 'CAP_NET_BIND_SERVICE', port },
        hint: 'Choose a port from 1024 up with --port.',
      },
    );
  }
  return new SystemError('bind(AF_INET)', errno);
}

/** Fixes the peer, so that the kernel routes once and drops what comes from anyone else. */
export function connectUdpSocket(fd: number, address: number, port: number): void {
  using memory = Memory.allocate(SOCKADDR_IN_BYTES);
  writeSockaddrIn(memory.view, 0, address, port);
  check(libc.connect(fd, memory.address, SOCKADDR_IN_BYTES), 'connect(AF_INET)');
}

/** The address and port the system gave a socket. */
export function localName(fd: number): { readonly address: number; readonly port: number } {
  using memory = Memory.allocate(32);
  memory.view.setUint32(16, SOCKADDR_IN_BYTES, true);
  check(libc.getsockname(fd, memory.address, memory.address + 16), 'getsockname');
  return { address: memory.view.getUint32(4), port: memory.view.getUint16(2) };
}

/**
 * Keeps a UDP port taken for frames that a packet socket reads: without a socket there the kernel would answer
 * every frame with ICMP "port unreachable". The socket's filter drops everything, and UDP_GRO (`merged`) keeps the
 * kernel from cutting super-frames apart for it first; without it the kernel merges no frames either.
 */
export function reservePort(
  port: number,
  interfaceName: string,
  merged = true,
): { readonly fd: number; readonly port: number } {
  const fd = openUdpSocket(0, port, interfaceName);
  try {
    if (merged) trySetOption(fd, SOL_UDP, UDP_GRO, 1);
    attachFilter(fd, DROP_ALL);
    return { fd, port: localName(fd).port };
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}
