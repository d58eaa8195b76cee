// Inbound datagrams of a UDP socket, by recvmmsg(2) in batches; with UDP_GRO the kernel merges them.
//
//   memory: [ mmsghdr x 16 ][ iovec x 16 ][ sockaddr_in x 16 ][ 64 KiB buffer x 16 ]
import { setIovec } from '../sys/descriptor.ts';
import * as libc from '../sys/libc.ts';
import { Memory, setPointer } from '../sys/memory.ts';
import {
  SOL_SOCKET,
  SOL_UDP,
  SO_RCVBUF,
  UDP_GRO,
  getOption,
  trySetOption,
  wishBuffer,
} from '../sys/socket-option.ts';
import { ERRNO, SystemError } from '../sys/system-error.ts';
import { SOCKADDR_IN_BYTES } from '../sys/udp-socket.ts';
import type { FrameSource, Peer } from './frame-source.ts';

const BATCH = 16;
const BUFFER_BYTES = 65_536;
const MSG_DONTWAIT = 0x40;
const MMSGHDR_BYTES = 64;
const IOVECS_AT = BATCH * MMSGHDR_BYTES;
const NAMES_AT = IOVECS_AT + BATCH * 16;
const BUFFERS_AT = 4096;
const SO_MEMINFO = 55;
/** Index of the drop counter in SO_MEMINFO's array of u32 (SK_MEMINFO_DROPS, linux/sock_diag.h). */
const MEMINFO_DROPS = 8;
/** What the kernel counts against the buffer: a merged super-frame, a single datagram with its page fragment. */
const SUPER_FRAME_COST_BYTES = 68_000;
const DATAGRAM_COST_BYTES = 2304;
const CAPACITY_SHARE = 0.75;
const RECEIVE_BUFFER_BYTES = 16 << 20;

export class UdpSource implements FrameSource, Disposable {
  readonly descriptors: readonly number[];
  readonly inMemory = false;
  readonly holdsBack = false;
  readonly memory: Memory = Memory.allocate(BUFFERS_AT + BATCH * BUFFER_BYTES);
  payloadOffset = 0;
  payloadBytes = 0;
  /** The receive buffer the system granted, as it accounts it. */
  readonly bufferBytes: number;
  readonly #fd: number;
  readonly #localIp: number;
  #filled = 0;
  #index = 0;
  #dropsSeen = 0;

  /** Takes ownership of neither; `fd` is closed by the link. */
  constructor(fd: number, localIp: number, wishedBytes: number = RECEIVE_BUFFER_BYTES) {
    this.#fd = fd;
    this.#localIp = localIp;
    this.descriptors = [fd];
    trySetOption(fd, SOL_UDP, UDP_GRO, 1);
    wishBuffer(fd, 'receive', wishedBytes);
    this.bufferBytes = getOption(fd, SOL_SOCKET, SO_RCVBUF, 4, 'SO_RCVBUF').getUint32(0, true);
    const { view, address } = this.memory;
    for (let index = 0; index < BATCH; index++) {
      setIovec(view, IOVECS_AT, index, address + BUFFERS_AT + index * BUFFER_BYTES, BUFFER_BYTES);
      const at = index * MMSGHDR_BYTES;
      setPointer(view, at, address + NAMES_AT + index * SOCKADDR_IN_BYTES);
      setPointer(view, at + 16, address + IOVECS_AT + index * 16);
      setPointer(view, at + 24, 1);
    }
  }

  next(): boolean {
    for (;;) {
      if (this.#index >= this.#filled && !this.#receive()) return false;
      const at = this.#index * MMSGHDR_BYTES;
      this.payloadBytes = this.memory.view.getUint32(at + 56, true);
      this.payloadOffset = BUFFERS_AT + this.#index * BUFFER_BYTES;
      if (this.payloadBytes > 0) return true;
      this.#index++;
    }
  }

  #receive(): boolean {
    const { view, address } = this.memory;
    for (let index = 0; index < BATCH; index++)
      view.setUint32(index * MMSGHDR_BYTES + 8, SOCKADDR_IN_BYTES, true);
    const got = libc.recvmmsg(this.#fd, address, BATCH, MSG_DONTWAIT, 0);
    this.#index = 0;
    this.#filled = Math.max(0, got);
    if (got > 0) return true;
    const errno = libc.lastErrno();
    // ECONNREFUSED and its kin report what became of something we sent; there is nothing to read.
    if (
      errno === ERRNO.EAGAIN ||
      errno === ERRNO.EINTR ||
      errno === ERRNO.ECONNREFUSED ||
      errno === ERRNO.EHOSTUNREACH ||
      errno === ERRNO.ENETUNREACH
    ) {
      return false;
    }
    throw new SystemError('recvmmsg', errno);
  }

  release(): void {
    this.#index++;
  }

  peer(): Peer {
    const at = NAMES_AT + this.#index * SOCKADDR_IN_BYTES;
    return {
      ip: this.memory.view.getUint32(at + 4),
      port: this.memory.view.getUint16(at + 2),
      localIp: this.#localIp,
      mac: undefined,
    };
  }

  sourceIp(): number {
    return this.memory.view.getUint32(NAMES_AT + this.#index * SOCKADDR_IN_BYTES + 4);
  }

  takeDrops(): number {
    const total = getOption(this.#fd, SOL_SOCKET, SO_MEMINFO, 36, 'SO_MEMINFO').getUint32(
      MEMINFO_DROPS * 4,
      true,
    );
    const fresh = (total - this.#dropsSeen) >>> 0;
    this.#dropsSeen = total;
    return fresh;
  }

  capacityRecords(segmentsPerRecord: number, superFrames: boolean): number {
    const costBytes = superFrames ? SUPER_FRAME_COST_BYTES : segmentsPerRecord * DATAGRAM_COST_BYTES;
    return Math.max(2, Math.floor((this.bufferBytes * CAPACITY_SHARE) / costBytes));
  }

  [Symbol.dispose](): void {
    this.memory[Symbol.dispose]();
  }
}
