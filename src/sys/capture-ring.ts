// A TPACKET_V3 receive ring: the kernel packs frames of any length into blocks, which a capture wants, while the data
// path wants fixed slots (packet-ring.ts). A block is ours when it is full or CAPTURE_RETIRE_MS old.
//
//   struct tpacket_block_desc: 0:4 version | 4:4 offset_to_priv | 8:4 status | 12:4 num_pkts | 16:4 offset_to_first_pkt
//   struct tpacket3_hdr (48):  0:4 next_offset | 4:4 sec | 8:4 nsec | 12:4 snaplen | 16:4 len | 20:4 status
//                              24:2 mac | 26:2 net | 28:20 ...; then sockaddr_ll: 10:1 pkttype
import type { Memory } from './memory.ts';
import * as libc from './libc.ts';
import { type CaptureShape, openCaptureSocket, takeDrops } from './packet-socket.ts';
import type { FilterInstruction } from './socket-filter.ts';

const TP_STATUS_KERNEL = 0;
const TP_STATUS_USER = 1;
const SOCKADDR_AT = 48;
const PACKET_OUTGOING = 4;

/** Where a frame lies in the ring's memory, and when it came. Valid until the block is handed back. */
export interface CapturedFrame {
  offset: number;
  capturedBytes: number;
  frameBytes: number;
  seconds: number;
  nanoseconds: number;
  outgoing: boolean;
}

export class CaptureRing implements Disposable {
  readonly memory: Memory;
  readonly #fd: number;
  readonly #shape: CaptureShape;
  readonly #words: Uint32Array;
  readonly #frame: CapturedFrame = {
    offset: 0,
    capturedBytes: 0,
    frameBytes: 0,
    seconds: 0,
    nanoseconds: 0,
    outgoing: false,
  };
  #block = 0;

  constructor(
    interfaceIndex: number,
    filter: readonly FilterInstruction[],
    shape: CaptureShape,
    promiscuous: boolean,
  ) {
    const { fd, memory } = openCaptureSocket(interfaceIndex, filter, shape, promiscuous);
    this.#fd = fd;
    this.memory = memory;
    this.#shape = shape;
    this.#words = new Uint32Array(memory.bytes.buffer);
  }

  /** Gives every frame of the next block to `take` and hands the block back; false when there is none yet. */
  nextBlock(take: (frame: CapturedFrame) => void): boolean {
    const start = this.#block * this.#shape.blockBytes;
    if ((Atomics.load(this.#words, (start + 8) >>> 2) & TP_STATUS_USER) === 0) return false;
    const { view } = this.memory;
    const frame = this.#frame;
    let at = start + view.getUint32(start + 16, true);
    for (let left = view.getUint32(start + 12, true); left > 0; left--) {
      frame.seconds = view.getUint32(at + 4, true);
      frame.nanoseconds = view.getUint32(at + 8, true);
      frame.capturedBytes = view.getUint32(at + 12, true);
      frame.frameBytes = view.getUint32(at + 16, true);
      frame.offset = at + view.getUint16(at + 24, true);
      frame.outgoing = view.getUint8(at + SOCKADDR_AT + 10) === PACKET_OUTGOING;
      take(frame);
      at += view.getUint32(at, true);
    }
    Atomics.store(this.#words, (start + 8) >>> 2, TP_STATUS_KERNEL);
    this.#block = (this.#block + 1) % this.#shape.blocks;
    return true;
  }

  /** Frames dropped since the last call because the ring was full. */
  takeDrops(): number {
    return takeDrops(this.#fd);
  }

  [Symbol.dispose](): void {
    this.memory[Symbol.dispose]();
    libc.close(this.#fd);
  }
}
