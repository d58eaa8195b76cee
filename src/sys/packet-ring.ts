// Reads a TPACKET_V2 receive ring. The kernel fills slots in order and sets TP_STATUS_USER; we look at that
// word in memory, use the frame where it lies, and hand the slot back. No system call per frame.
//
//   struct tpacket2_hdr (32): 0:4 status | 4:4 len | 8:4 snaplen | 12:2 mac | 14:2 net | 16:4 sec | 20:4 nsec
//                             24:2 vlan_tci | 26:2 vlan_tpid
//   A slot is: tpacket2_hdr, sockaddr_ll at 32, the frame at `mac`.
import * as libc from './libc.ts';
import type { Memory } from './memory.ts';
import { type RingShape, type RingSocket, takeDrops } from './packet-socket.ts';

const TP_STATUS_KERNEL = 0;
const TP_STATUS_USER = 1;

export class PacketRing implements Disposable {
  readonly fd: number;
  readonly memory: Memory;
  /** Frames the ring holds at the most. */
  readonly slots: number;
  /** Where the current frame lies in `memory`, and how many of its bytes are there. Valid after `next()`. */
  frameOffset = 0;
  frameBytes = 0;
  readonly #shape: RingShape;
  readonly #words: Uint32Array;
  #block = 0;
  #slotInBlock = 0;
  #slotOffset = 0;

  constructor(socket: RingSocket, shape: RingShape) {
    this.fd = socket.fd;
    this.memory = socket.memory;
    this.slots = shape.blocks * shape.slotsPerBlock;
    this.#shape = shape;
    this.#words = new Uint32Array(this.memory.bytes.buffer);
  }

  /** True when a frame is there; it stays valid until `release()`. */
  next(): boolean {
    const slot = this.#slotOffset;
    if ((Atomics.load(this.#words, slot >>> 2) & TP_STATUS_USER) === 0) return false;
    const view = this.memory.view;
    this.frameBytes = view.getUint32(slot + 8, true);
    this.frameOffset = slot + view.getUint16(slot + 12, true);
    return true;
  }

  /** Hands the current slot back to the kernel and goes to the next. */
  release(): void {
    Atomics.store(this.#words, this.#slotOffset >>> 2, TP_STATUS_KERNEL);
    if (++this.#slotInBlock === this.#shape.slotsPerBlock) {
      this.#slotInBlock = 0;
      if (++this.#block === this.#shape.blocks) this.#block = 0;
    }
    this.#slotOffset = this.#block * this.#shape.blockBytes + this.#slotInBlock * this.#shape.slotBytes;
  }

  /** Frames dropped since the last call because the ring was full. */
  takeDrops(): number {
    return takeDrops(this.fd);
  }

  [Symbol.dispose](): void {
    this.memory[Symbol.dispose]();
    libc.close(this.fd);
  }
}
