// Classic BPF programs, so that the kernel drops what is not ours before it costs anything.
// Offsets count from the MAC header. Instructions: struct sock_filter (8): 0:2 code | 2:1 jt | 3:1 jf | 4:4 k.
import * as libc from './libc.ts';
import { Memory, setPointer } from './memory.ts';
import {
  SOL_SOCKET,
  SO_ATTACH_FILTER,
  SO_ATTACH_REUSEPORT_CBPF,
  SO_LOCK_FILTER,
  trySetOption,
} from './socket-option.ts';
import { check } from './system-error.ts';

export type FilterInstruction = readonly [code: number, jumpTrue: number, jumpFalse: number, k: number];

const LOAD_HALF = 0x28;
const LOAD_BYTE = 0x30;
const LOAD_LENGTH = 0x80;
const LOAD_X_HEADER_LENGTH = 0xb1;
const LOAD_HALF_INDEXED = 0x48;
const LOAD_BYTE_INDEXED = 0x50;
const JUMP_EQUAL = 0x15;
const JUMP_GREATER_OR_EQUAL = 0x35;
const JUMP_SET = 0x45;
const RETURN = 0x06;
const ACCEPT_BYTES_MAX = 0x40000;
const ACCEPT: FilterInstruction = [RETURN, 0, 0, ACCEPT_BYTES_MAX];
const DROP: FilterInstruction = [RETURN, 0, 0, 0];

/** Drops everything: for the UDP socket that only keeps a port taken. */
export const DROP_ALL: readonly FilterInstruction[] = [DROP];

/** A byte of the UDP payload, and whether those frames are meant that have this value there, or all others. */
export interface PayloadTest {
  readonly at: number;
  readonly value: number;
  readonly wanted: boolean;
}

/**
 * IPv4, UDP, not a later fragment, destination port `port`, frame length in [fromBytes, belowBytes), and a byte of
 * the payload where that is asked for; a payload that ends before it is dropped then.
 *
 *    0  length >= fromBytes, length < belowBytes        else drop
 *    3  Ethernet type 0x0800                            else drop
 *    5  protocol 17                                     else drop
 *    7  fragment offset 0                               else drop
 *    9  X = length of the IPv4 header
 *   10  UDP destination port                            else drop
 *   12  byte `at` of the UDP payload is `value` or not  else drop      (with a test only)
 *       accept
 *       drop
 */
export function portFilter(
  port: number,
  fromBytes: number,
  belowBytes: number,
  test?: PayloadTest,
): FilterInstruction[] {
  const tests: FilterInstruction[] =
    test === undefined
      ? []
      : [
          [LOAD_BYTE_INDEXED, 0, 0, 22 + test.at],
          [JUMP_EQUAL, test.wanted ? 0 : 1, test.wanted ? 1 : 0, test.value],
        ];
  const more = tests.length;
  return [
    [LOAD_LENGTH, 0, 0, 0],
    [JUMP_GREATER_OR_EQUAL, 0, 11 + more, fromBytes],
    [JUMP_GREATER_OR_EQUAL, 10 + more, 0, belowBytes],
    [LOAD_HALF, 0, 0, 12],
    [JUMP_EQUAL, 0, 8 + more, 0x0800],
    [LOAD_BYTE, 0, 0, 23],
    [JUMP_EQUAL, 0, 6 + more, 17],
    [LOAD_HALF, 0, 0, 20],
    [JUMP_SET, 4 + more, 0, 0x1fff],
    [LOAD_X_HEADER_LENGTH, 0, 0, 14],
    [LOAD_HALF_INDEXED, 0, 0, 16],
    [JUMP_EQUAL, 0, 1 + more, port],
    ...tests,
    ACCEPT,
    DROP,
  ];
}

/**
 * For SO_ATTACH_REUSEPORT_CBPF: datagrams whose payload has this byte go to the second socket of a port, all others to
 * the first. Offsets count from the payload, and what is too short for the load goes to the first, too.
 */
export function payloadSwitch(at: number, value: number): FilterInstruction[] {
  return [
    [LOAD_BYTE, 0, 0, at],
    [JUMP_EQUAL, 0, 1, value],
    [RETURN, 0, 0, 1],
    [RETURN, 0, 0, 0],
  ];
}

/** IPv4, UDP, not a later fragment, from or to `port`: the first `snapBytes` of the frame. */
export function captureFilter(port: number, snapBytes: number): FilterInstruction[] {
  return [
    [LOAD_HALF, 0, 0, 12],
    [JUMP_EQUAL, 0, 10, 0x0800],
    [LOAD_BYTE, 0, 0, 23],
    [JUMP_EQUAL, 0, 8, 17],
    [LOAD_HALF, 0, 0, 20],
    [JUMP_SET, 6, 0, 0x1fff],
    [LOAD_X_HEADER_LENGTH, 0, 0, 14],
    [LOAD_HALF_INDEXED, 0, 0, 14],
    [JUMP_EQUAL, 2, 0, port],
    [LOAD_HALF_INDEXED, 0, 0, 16],
    [JUMP_EQUAL, 0, 1, port],
    [RETURN, 0, 0, Math.min(snapBytes, ACCEPT_BYTES_MAX)],
    DROP,
  ];
}

/** Attaches a filter and locks it. The program is copied by the kernel. */
export function attachFilter(fd: number, program: readonly FilterInstruction[]): void {
  setProgram(fd, SO_ATTACH_FILTER, 'SO_ATTACH_FILTER', program);
  trySetOption(fd, SOL_SOCKET, SO_LOCK_FILTER, 1);
}

/** Attaches what chooses among the sockets of one port (SO_REUSEPORT). */
export function attachSwitch(fd: number, program: readonly FilterInstruction[]): void {
  setProgram(fd, SO_ATTACH_REUSEPORT_CBPF, 'SO_ATTACH_REUSEPORT_CBPF', program);
}

function setProgram(fd: number, option: number, label: string, program: readonly FilterInstruction[]): void {
  // struct sock_fprog (16): 0:2 length | 8:8 pointer
  using memory = Memory.allocate(16 + program.length * 8);
  program.forEach(([code, jumpTrue, jumpFalse, k], index) => {
    const at = 16 + index * 8;
    memory.view.setUint16(at, code, true);
    memory.view.setUint8(at + 2, jumpTrue);
    memory.view.setUint8(at + 3, jumpFalse);
    memory.view.setUint32(at + 4, k, true);
  });
  memory.view.setUint16(0, program.length, true);
  setPointer(memory.view, 8, memory.address + 16);
  check(libc.setsockopt(fd, SOL_SOCKET, option, memory.address, 16), `setsockopt(${label})`);
}
