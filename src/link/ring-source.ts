// Inbound raw frames from packet rings, one ring a class of frame lengths: a slot must hold the longest frame, and
// 64 KiB slots for 1.5 KiB frames would leave room for a hundred of them. The kernel sorts by length (BPF).
import { PacketRing } from '../sys/packet-ring.ts';
import { type RingShape, openRing } from '../sys/packet-socket.ts';
import type { Memory } from '../sys/memory.ts';
import { type PayloadTest, portFilter } from '../sys/socket-filter.ts';
import { MessageType, SEGMENT_OFFSETS } from '../wire/segment.ts';
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

/** Whoever fills one ring must not keep the receiver from the others. */
const FRAMES_A_RING = 32;

/** Without credit (v0) the ring is all that catches a burst while we do something else. */
const ORDERED_BLOCKS = 32;

/**
 * 75 announcements, as many as are read in a millisecond (two-queues.ts). Their slots hold super-frames: what a kernel has
 * merged behind an announcement is not cut off.
 */
const ANNOUNCEMENT_BLOCKS = 5;
/** By the first segment of a frame. */
const ANNOUNCEMENTS: PayloadTest = { at: SEGMENT_OFFSETS.type, value: MessageType.announce, wanted: true };
const OTHERS: PayloadTest = { ...ANNOUNCEMENTS, wanted: false };

/** Which frame lengths go into a ring of which slots. */
interface RingClass {
  readonly fromBytes: number;
  readonly frameBytesMax: number;
  readonly slotBytes: number;
  readonly blocks: number;
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
  /**
   * `by-length`: super-frames, full frames and small ones apart, which may overtake each other, without announcements.
   * `announcements`: these alone. `one`: all frames in their order of arrival. `control`: only small frames (a sender's
   * side: STATUS and JOIN).
   */
  readonly rings: 'by-length' | 'announcements' | 'one' | 'control';
}

/** The largest class first: it is the busiest. */
function ringClasses({ rings, mtuBytes }: RingSourceOptions): RingClass[] {
  const small = { fromBytes: 0, frameBytesMax: SMALL_FRAME_BYTES, slotBytes: SMALL_SLOT_BYTES };
  if (rings === 'control') return [{ ...small, blocks: 1 }];
  const slotFor = (frameBytes: number): number => Math.ceil((frameBytes + SLOT_OVERHEAD_BYTES) / 16) * 16;
  if (rings === 'one') {
    // What is longer than the MTU is cut off, and its end missed.
    const slotBytes = slotFor(Math.min(14 + mtuBytes, FRAME_BYTES_MAX));
    return [{ fromBytes: 0, frameBytesMax: FRAME_BYTES_MAX, slotBytes, blocks: ORDERED_BLOCKS }];
  }
  if (rings === 'announcements') {
    const blocks = ANNOUNCEMENT_BLOCKS;
    return [{ fromBytes: 0, frameBytesMax: FRAME_BYTES_MAX, slotBytes: SUPER_SLOT_BYTES, blocks }];
  }
  const mediumBytes = Math.min(14 + mtuBytes, 9600);
  const hasMedium = mediumBytes > SMALL_FRAME_BYTES;
  const medium = {
    fromBytes: SMALL_FRAME_BYTES + 1,
    frameBytesMax: mediumBytes,
    slotBytes: slotFor(mediumBytes),
    blocks: BLOCKS,
  };
  const superFrames = {
    fromBytes: (hasMedium ? mediumBytes : SMALL_FRAME_BYTES) + 1,
    frameBytesMax: FRAME_BYTES_MAX,
    slotBytes: SUPER_SLOT_BYTES,
    blocks: BLOCKS,
  };
  return [superFrames, ...(hasMedium ? [medium] : []), { ...small, blocks: BLOCKS }];
}

export class RingSource implements FrameSource, Disposable {
  readonly descriptors: readonly number[];
  readonly inMemory = true;
  readonly holdsBack = false;
  memory: Memory;
  payloadOffset = 0;
  payloadBytes = 0;
  readonly #rings: readonly PacketRing[];
  #current = 0;
  /** Frames that the current ring may still give before another has its turn. */
  #left: number = FRAMES_A_RING;
  #frameAt = 0;

  constructor(options: RingSourceOptions) {
    const { interfaceIndex, port, promiscuous, rings } = options;
    const test = rings === 'by-length' ? OTHERS : rings === 'announcements' ? ANNOUNCEMENTS : undefined;
    const opened: PacketRing[] = [];
    try {
      for (const { fromBytes, frameBytesMax, slotBytes, blocks } of ringClasses(options)) {
        const shape = shapeFor(slotBytes, blocks);
        const filter = portFilter(port, fromBytes, frameBytesMax + 1, test);
        // The membership is the interface's: one socket's serves all.
        const joins = promiscuous && opened.length === 0;
        opened.push(new PacketRing(openRing(interfaceIndex, filter, shape, joins), shape));
      }
    } catch (error) {
      for (const ring of opened) ring[Symbol.dispose]();
      throw error;
    }
    this.#rings = opened;
    this.memory = this.#ring(0).memory;
    this.descriptors = opened.map((ring) => ring.fd);
  }

  #ring(index: number): PacketRing {
    const found = this.#rings[index];
    if (found === undefined) throw new RangeError(`no ring ${index}`);
    return found;
  }

  next(): boolean {
    // Stay with the ring that spoke last for a while; look at the others when it is silent, and before they overflow.
    for (let tried = 0; tried <= this.#rings.length; tried++) {
      const ring = this.#ring(this.#current);
      while (this.#left > 0 && ring.next()) {
        this.#left--;
        if (this.#locate(ring)) return true;
        ring.release();
      }
      this.#current = (this.#current + 1) % this.#rings.length;
      this.#left = FRAMES_A_RING;
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

  sourceIp(): number {
    return this.memory.view.getUint32(this.#frameAt + 26);
  }

  takeDrops(): number {
    let drops = 0;
    for (const ring of this.#rings) drops += ring.takeDrops();
    return drops;
  }

  capacityRecords(segmentsPerRecord: number, superFrames: boolean): number {
    const slots = superFrames ? this.#ring(0).slots : this.#ring(this.#rings.length > 1 ? 1 : 0).slots;
    const records = superFrames ? slots : slots / segmentsPerRecord;
    return Math.max(2, Math.floor(records * CAPACITY_SHARE));
  }

  [Symbol.dispose](): void {
    for (const ring of this.#rings) ring[Symbol.dispose]();
  }
}
