// setsockopt/getsockopt with 4-byte integers and raw structures.
import * as libc from './libc.ts';
import { Memory } from './memory.ts';
import { check } from './system-error.ts';

export const SOL_SOCKET = 1;
export const SOL_UDP = 17;
export const SOL_PACKET = 263;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_REUSEPORT = 15;
export const SO_BINDTODEVICE = 25;
export const SO_ATTACH_FILTER = 26;
export const SO_SNDBUFFORCE = 32;
export const SO_RCVBUFFORCE = 33;
export const SO_RXQ_OVFL = 40;
export const SO_LOCK_FILTER = 44;
export const SO_ATTACH_REUSEPORT_CBPF = 51;
export const UDP_SEGMENT = 103;
export const UDP_GRO = 104;

/** Sets an integer option; false when the system refuses it. */
export function trySetOption(fd: number, level: number, name: number, value: number): boolean {
  using memory = Memory.allocate(4);
  memory.view.setInt32(0, value, true);
  return libc.setsockopt(fd, level, name, memory.address, 4) >= 0;
}

/** Sets an integer option or throws the errno; `label` names it in the error. */
export function setOption(fd: number, level: number, name: number, value: number, label: string): void {
  using memory = Memory.allocate(4);
  memory.view.setInt32(0, value, true);
  check(libc.setsockopt(fd, level, name, memory.address, 4), `setsockopt(${label})`);
}

/** Sets a structure option or throws the errno. */
export function setOptionBytes(
  fd: number,
  level: number,
  name: number,
  value: Uint8Array,
  label: string,
): void {
  using memory = Memory.allocate(value.byteLength);
  memory.bytes.set(value);
  check(libc.setsockopt(fd, level, name, memory.address, value.byteLength), `setsockopt(${label})`);
}

const OPTION_BYTES_MAX = 256;
let scratchMemory: Memory | undefined;

/** Counters are read often: one piece of memory a thread serves all reads. */
function scratch(): Memory {
  scratchMemory ??= Memory.allocate(OPTION_BYTES_MAX + 4);
  return scratchMemory;
}

/** Reads up to `bytes` of an option, at most 256. */
export function getOption(fd: number, level: number, name: number, bytes: number, label: string): DataView {
  const memory = scratch();
  const lengthAt = OPTION_BYTES_MAX;
  memory.view.setUint32(lengthAt, bytes, true);
  check(libc.getsockopt(fd, level, name, memory.address, memory.address + lengthAt), `getsockopt(${label})`);
  return new DataView(memory.bytes.slice(0, bytes).buffer);
}

/** Asks for a send or receive buffer: by force where the privilege is there, up to the system's limit elsewhere. */
export function wishBuffer(fd: number, direction: 'send' | 'receive', bytes: number): void {
  const [force, plain] = direction === 'send' ? [SO_SNDBUFFORCE, SO_SNDBUF] : [SO_RCVBUFFORCE, SO_RCVBUF];
  if (!trySetOption(fd, SOL_SOCKET, force, bytes)) trySetOption(fd, SOL_SOCKET, plain, bytes);
}
