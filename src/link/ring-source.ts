// Inbound raw frames from packet rings, one ring a class of frame lengths: a slot must hold the longest frame, and
// 64 KiB slots for 1.5 KiB frames would leave room for a hundred of them. The kernel sorts by length (BPF).
import { PacketRing } from '../sys/packet-ring.ts';
import { type RingShape, openRing } from '../sys/packet-socket.ts';
import type { Memory } from '../sys/memory.ts';
import { portFilter } from '../sys/socket-filter.ts';
import { HEADERS_BYTES } from './frame-prefix.ts';
import type { FrameSource, Peer } from './frame-source.ts';

const BLOCK_BYTES = 1 << 20;
/** A slot starts with tpacket2_hdr and sockaddr_ll; the frame is aligned so that the IP header is. */
const SLOT_OVERHEAD_BYTES = 96;
/** A super-frame with its headers, at most 65,535 bytes: 15 slots fill a block but for 34 KiB. */
const SUPER_SLOT_BYTES = 67_584;
const FRAME_BYTES_MAX = 65_536;
const SMALL_SLOT_BYTES = 2048;
const SMALL_FRAME_BYTES = SMALL_SLOT_BYTES - SLOT_OVERHEAD_BYTES;
/** Eight blocks a class: 120 super-frames. A larger ring was measured slower, since it never stays in cache. */
const BLOCKS = 8;
/** What may stand unread in a ring before the kernel drops: the rest is slack for frames of other transfers. */
const CAPACITY_SHARE = 0.8;

interface RingClass {
  readonly ring: PacketRing;
  readonly frameBytesMax: number;
}

function shapeFor(slotBytes: number, blocks: number): RingShape {
  return { slotBytes, slotsPerBlock: Math.floor(BLOCK_BYTES / slotBytes), blockBytes: BLOCK_BYTES, blocks };
}

export interface RingSourceOptions {
  readonly interfaceIndex: number;
  readonly mtuBytes: number;
  readonly port: number;
  /** Also take frames addressed to other MAC addresses (a packet membership, undone by the kernel at exit). */
  readonly promiscuous: boolean;
  /** Only small frames are expected (a sender's side: STATUS and JOIN). */
  readonly controlOnly: boolean;
}

export class RingSource implements FrameSource {
  readonly descriptors: readonly number[];
  readonly inMemory = true;
  memory: Memory;
  payloadOffset = 0;
  payloadBytes = 0;
  readonly #classes: readonly RingClass[];
  #current = 0;
  #frameAt = 0;

  constructor(options: RingSourceOptions) {
    const { interfaceIndex, port, promiscuous } = options;
    const classes: RingClass[] = [];
    const open = (fromBytes: number, frameBytesMax: number, slotBytes: number, blocks: number): void => {
      const shape = shapeFor(slotBytes, blocks);
      const filter = portFilter(port, fromBytes, frameBytesMax + 1);
      const ring = new PacketRing(openRing(interfaceIndex, filter, shape, promiscuous), shape);
      classes.push({ ring, frameBytesMax });
    };
    try {
      // The largest class first: it is the busiest.
      if (!options.controlOnly) {
        const mediumBytes = Math.min(14 + options.mtuBytes, 9600);
        const medium = mediumBytes > SMALL_FRAME_BYTES;
        const below = medium ? mediumBytes : SMALL_FRAME_BYTES;
        open(below + 1, FRAME_BYTES_MAX, SUPER_SLOT_BYTES, BLOCKS);
        if (medium) {
          const slotBytes = Math.ceil((mediumBytes + SLOT_OVERHEAD_BYTES) / 16) * 16;
          open(SMALL_FRAME_BYTES + 1, mediumBytes, slotBytes, BLOCKS);
        }
      }
      open(0, SMALL_FRAME_BYTES, SMALL_SLOT_BYTES, options.controlOnly ? 1 : BLOCKS);
    } catch (error) {
      for (const { ring } of classes) ring[Symbol.dispose]();
      throw error;
    }
    this.#classes = classes;
    this.memory = this.#ring(0).memory;
    this.descriptors = classes.map(({ ring }) => ring.fd);
  }

  #ring(index: number): PacketRing {
    const found = this.#classes[index];
    if (found === undefined) throw new RangeError(`no ring ${index}`);
    return found.ring;
  }

  next(): boolean {
    // Stay with the ring that spoke last; look at the others when it is silent.
    for (let tried = 0; tried < this.#classes.length; tried++) {
      const ring = this.#ring(this.#current);
      while (ring.next()) {
        if (this.#locate(ring)) return true;
        ring.release();
      }
      this.#current = (this.#current + 1) % this.#classes.length;
    }
    return false;
  }

  /** Finds the UDP payload by the IPv4 header alone: the seed's frames carry a wrong UDP length. */
  #locate(ring: PacketRing): boolean {
    const { view } = ring.memory;
    const at = ring.frameOffset;
    if (ring.frameBytes < HEADERS_BYTES) return false;
    const ipHeaderBytes = (view.getUint8(at + 14) & 0x0f) * 4;
    const totalBytes = view.getUint16(at + 16);
    const availableBytes = Math.min(totalBytes, ring.frameBytes - 14);
    const payloadBytes = availableBytes - ipHeaderBytes - 8;
    if (ipHeaderBytes < 20 || payloadBytes <= 0) return false;
    this.memory = ring.memory;
    this.#frameAt = at;
    this.payloadOffset = at + 14 + ipHeaderBytes + 8;
    this.payloadBytes = payloadBytes;
    return true;
  }

  release(): void {
    this.#ring(this.#current).release();
  }

  peer(): Peer {
    const { view, bytes } = this.memory;
    const at = this.#frameAt;
    const udpAt = this.payloadOffset - 8;
    return {
      ip: view.getUint32(at + 26),
      localIp: view.getUint32(at + 30),
      port: view.getUint16(udpAt),
      mac: bytes.slice(at + 6, at + 12),
    };
  }

  takeDrops(): number {
    let drops = 0;
    for (const { ring } of this.#classes) drops += ring.takeDrops();
    return drops;
  }

  capacityRecords(segmentsPerRecord: number, superFrames: boolean): number {
    const slots = superFrames ? this.#ring(0).slots : this.#ring(this.#classes.length > 1 ? 1 : 0).slots;
    const records = superFrames ? slots : slots / segmentsPerRecord;
    return Math.max(2, Math.floor(records * CAPACITY_SHARE));
  }

  [Symbol.dispose](): void {
    for (const { ring } of this.#classes) ring[Symbol.dispose]();
  }
}
