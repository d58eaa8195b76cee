// Sends records and control messages in batches of sendmmsg(2), from memory laid out once.
//
// A window slot holds one sealed record and the 32-byte headers of its segments. A whole full-size record goes out
// as one message over iovecs computed at start: prefix, header, payload, header, payload ... Everything else (a short
// record, repeats of any mix, a kernel without segmentation) is assembled segment by segment in a scratch message.
//
//   slot memory:    [ sealed record, recordStride bytes ] per slot
//   header memory:  [ 32 B header x segmentsPerRecord ] per slot
//   message memory: [ mmsghdr x M ][ prefix 64 B x M ][ iovec x I x M ]   and the slots' own iovecs behind
import { setIovec } from '../sys/descriptor.ts';
import { Memory, setPointer } from '../sys/memory.ts';
import type { Geometry } from '../wire/geometry.ts';
import {
  FLAG_LAST,
  FLAG_REPAIR,
  MAGIC,
  MessageType,
  SEGMENT_HEADER_BYTES,
  SEGMENT_OFFSETS,
  VERSION,
} from '../wire/segment.ts';
import { type FramePrefix, PREFIX_BYTES } from './frame-prefix.ts';
import { MMSGHDR_BYTES, sendMessages } from './send-messages.ts';

/** Records a batch: eight super-frames a system call were measured best. */
const BATCH_RECORDS = 8;
const PREFIX_STRIDE = 64;
const IOVEC_BYTES = 16;
const CONTROL_BYTES_MAX = 9216;

export interface TransmitterOptions {
  readonly fd: number;
  /** Raw frames: what stands before the payload. Undefined on a connected UDP socket. */
  readonly prefix: FramePrefix | undefined;
  /** One message may hold many segments, which the kernel or the NIC cuts apart. */
  readonly gso: boolean;
  readonly geometry: Geometry;
  readonly slots: number;
  readonly transferIdHigh: number;
  readonly transferIdLow: number;
}

export class Transmitter implements Disposable {
  /** Sealed records: slot i starts at i * recordStride. */
  readonly records: Memory;
  readonly recordStride: number;
  readonly gso: boolean;
  /** Segments and messages handed to the kernel, and messages the system would not take. */
  segmentsSent = 0;
  framesSent = 0;
  framesUnsent = 0;
  /** Called before a batch of n frames leaves: the pause of --rate-limit. */
  beforeFrame: (() => void) | undefined;

  readonly #options: TransmitterOptions;
  readonly #geometry: Geometry;
  readonly #headers: Memory;
  readonly #messages: Memory;
  readonly #slotIovecs: Memory;
  readonly #control: Memory = Memory.allocate(CONTROL_BYTES_MAX);
  readonly #messageLimit: number;
  readonly #segmentsPerMessage: number;
  readonly #prefixAt: number;
  readonly #iovecsAt: number;
  readonly #iovecsPerMessage: number;
  readonly #slotIovecCount: number;
  readonly #fullPrefixAt: number;
  readonly #segmentCounts: Uint8Array;
  readonly #recordBytes: Uint32Array;
  #queued = 0;
  #openSegments = 0;
  #openBytes = 0;

  constructor(options: TransmitterOptions) {
    const { geometry, slots } = options;
    this.#options = options;
    this.#geometry = geometry;
    this.gso = options.gso;
    this.recordStride = Math.ceil(geometry.recordBytes / 64) * 64;
    this.records = Memory.allocate(slots * this.recordStride, true);
    this.#headers = Memory.allocate(slots * geometry.segmentsPerRecord * SEGMENT_HEADER_BYTES);
    this.#segmentsPerMessage = options.gso ? geometry.segmentsPerRecord : 1;
    this.#messageLimit = options.gso
      ? BATCH_RECORDS
      : Math.min(512, BATCH_RECORDS * geometry.segmentsPerRecord);
    this.#iovecsPerMessage = 1 + 2 * this.#segmentsPerMessage;
    this.#prefixAt = this.#messageLimit * MMSGHDR_BYTES;
    this.#fullPrefixAt = this.#prefixAt + this.#messageLimit * PREFIX_STRIDE;
    this.#iovecsAt = this.#fullPrefixAt + PREFIX_STRIDE;
    this.#messages = Memory.allocate(
      this.#iovecsAt + this.#messageLimit * this.#iovecsPerMessage * IOVEC_BYTES,
    );
    this.#slotIovecCount = (options.prefix === undefined ? 0 : 1) + 2 * geometry.segmentsPerRecord;
    this.#slotIovecs = Memory.allocate(slots * this.#slotIovecCount * IOVEC_BYTES);
    this.#segmentCounts = new Uint8Array(slots);
    this.#recordBytes = new Uint32Array(slots);
    for (let slot = 0; slot < slots; slot++) this.#layOutSlot(slot);
    if (options.prefix !== undefined) {
      const wholeBytes = geometry.segmentsPerRecord * geometry.segmentBytes;
      const cut = geometry.segmentsPerRecord > 1 ? geometry.segmentBytes : 0;
      options.prefix.write(this.#messages.view, this.#messages.bytes, this.#fullPrefixAt, wholeBytes, cut);
    }
  }

  /** Constant header fields and the iovecs of the whole record. */
  #layOutSlot(slot: number): void {
    const { segmentsPerRecord, segmentPayloadBytes } = this.#geometry;
    const { view } = this.#headers;
    const iovecs = this.#slotIovecs.view;
    const firstIovec = slot * this.#slotIovecCount * IOVEC_BYTES;
    let place = 0;
    if (this.#options.prefix !== undefined) {
      setIovec(iovecs, firstIovec, place++, this.#messages.address + this.#fullPrefixAt, PREFIX_BYTES);
    }
    for (let segment = 0; segment < segmentsPerRecord; segment++) {
      const at = this.#headerAt(slot, segment);
      view.setUint16(at + SEGMENT_OFFSETS.magic, MAGIC);
      view.setUint8(at + SEGMENT_OFFSETS.version, VERSION);
      view.setUint8(at + SEGMENT_OFFSETS.type, MessageType.data);
      view.setUint32(at + SEGMENT_OFFSETS.transferIdHigh, this.#options.transferIdHigh);
      view.setUint32(at + SEGMENT_OFFSETS.transferIdLow, this.#options.transferIdLow);
      view.setUint8(at + SEGMENT_OFFSETS.segmentIndex, segment);
      const payload = this.records.address + slot * this.recordStride + segment * segmentPayloadBytes;
      setIovec(iovecs, firstIovec, place++, this.#headers.address + at, SEGMENT_HEADER_BYTES);
      setIovec(iovecs, firstIovec, place++, payload, segmentPayloadBytes);
    }
  }

  #headerAt(slot: number, segment: number): number {
    return (slot * this.#geometry.segmentsPerRecord + segment) * SEGMENT_HEADER_BYTES;
  }

  /** Puts a record's number, length (with its tag) and last flag into the headers of its slot. */
  stamp(slot: number, record: number, recordBytes: number, last: boolean): void {
    const { segmentPayloadBytes } = this.#geometry;
    const count = Math.ceil(recordBytes / segmentPayloadBytes);
    this.#segmentCounts[slot] = count;
    this.#recordBytes[slot] = recordBytes;
    const { view } = this.#headers;
    const high = Math.floor(record / 2 ** 32);
    const flags = last ? FLAG_LAST : 0;
    let at = this.#headerAt(slot, 0);
    for (let segment = 0; segment < count; segment++, at += SEGMENT_HEADER_BYTES) {
      view.setUint8(at + SEGMENT_OFFSETS.flags, flags);
      view.setUint16(at + SEGMENT_OFFSETS.payloadBytes, segmentPayloadBytes);
      view.setUint16(at + SEGMENT_OFFSETS.recordHigh, high);
      view.setUint32(at + SEGMENT_OFFSETS.recordLow, record);
      view.setUint8(at + SEGMENT_OFFSETS.segmentCount, count);
      view.setUint32(at + SEGMENT_OFFSETS.recordBytes, recordBytes);
    }
    const lastBytes = recordBytes - (count - 1) * segmentPayloadBytes;
    view.setUint16(this.#headerAt(slot, count - 1) + SEGMENT_OFFSETS.payloadBytes, lastBytes);
  }

  segmentCount(slot: number): number {
    return this.#segmentCounts[slot] ?? 0;
  }

  /** Queues all segments of a slot; they leave with the batch. */
  queueRecord(slot: number): void {
    if (this.gso && this.#recordBytes[slot] === this.#geometry.recordBytes) {
      this.#closeMessage();
      const at = this.#queued * MMSGHDR_BYTES;
      const { view } = this.#messages;
      setPointer(view, at + 16, this.#slotIovecs.address + slot * this.#slotIovecCount * IOVEC_BYTES);
      setPointer(view, at + 24, this.#slotIovecCount);
      this.segmentsSent += this.#geometry.segmentsPerRecord;
      if (++this.#queued === this.#messageLimit) this.flush();
      return;
    }
    const count = this.segmentCount(slot);
    for (let segment = 0; segment < count; segment++) this.#appendSegment(slot, segment);
    this.#closeMessage();
  }

  /** Queues one segment again, marked as a repair. Any mix of segments shares super-frames. */
  queueRepair(slot: number, segment: number): void {
    const flagsAt = this.#headerAt(slot, segment) + SEGMENT_OFFSETS.flags;
    this.#headers.view.setUint8(flagsAt, this.#headers.view.getUint8(flagsAt) | FLAG_REPAIR);
    this.#appendSegment(slot, segment);
  }

  #appendSegment(slot: number, segment: number): void {
    const { segmentPayloadBytes } = this.#geometry;
    const headerAt = this.#headerAt(slot, segment);
    const payloadBytes = this.#headers.view.getUint16(headerAt + SEGMENT_OFFSETS.payloadBytes);
    const first = this.#iovecsAt + this.#queued * this.#iovecsPerMessage * IOVEC_BYTES;
    const place = (this.#options.prefix === undefined ? 0 : 1) + 2 * this.#openSegments;
    const { view } = this.#messages;
    setIovec(view, first, place, this.#headers.address + headerAt, SEGMENT_HEADER_BYTES);
    const payload = this.records.address + slot * this.recordStride + segment * segmentPayloadBytes;
    setIovec(view, first, place + 1, payload, payloadBytes);
    this.#openSegments++;
    this.#openBytes += SEGMENT_HEADER_BYTES + payloadBytes;
    // Segmentation cuts equal pieces: a shorter segment can only be the last of its message.
    if (this.#openSegments === this.#segmentsPerMessage || payloadBytes < segmentPayloadBytes)
      this.#closeMessage();
  }

  #closeMessage(): void {
    if (this.#openSegments === 0) return;
    const { prefix } = this.#options;
    const { view, bytes } = this.#messages;
    const index = this.#queued;
    const first = this.#iovecsAt + index * this.#iovecsPerMessage * IOVEC_BYTES;
    if (prefix !== undefined) {
      const prefixAt = this.#prefixAt + index * PREFIX_STRIDE;
      const cut = this.#openSegments > 1 ? this.#geometry.segmentBytes : 0;
      prefix.write(view, bytes, prefixAt, this.#openBytes, cut);
      setIovec(view, first, 0, this.#messages.address + prefixAt, PREFIX_BYTES);
    }
    setPointer(view, index * MMSGHDR_BYTES + 16, this.#messages.address + first);
    setPointer(view, index * MMSGHDR_BYTES + 24, (prefix === undefined ? 0 : 1) + 2 * this.#openSegments);
    this.segmentsSent += this.#openSegments;
    this.#openSegments = 0;
    this.#openBytes = 0;
    if (++this.#queued === this.#messageLimit) this.flush();
  }

  /** Records and repairs waiting for the next batch. */
  get pending(): number {
    return this.#queued + (this.#openSegments > 0 ? 1 : 0);
  }

  /** Hands everything queued to the kernel. */
  flush(): void {
    this.#closeMessage();
    const count = this.#queued;
    this.#queued = 0;
    if (this.beforeFrame === undefined) {
      this.#sendMessages(0, count);
      return;
    }
    for (let index = 0; index < count; index++) {
      this.beforeFrame();
      this.#sendMessages(index, 1);
    }
  }

  /** Sends one complete control segment (header and payload) at once. */
  sendControl(segment: Uint8Array): void {
    this.flush();
    const { prefix } = this.#options;
    const dataAt = PREFIX_STRIDE;
    this.#control.bytes.set(segment, dataAt);
    let start = dataAt;
    if (prefix !== undefined) {
      start -= PREFIX_BYTES;
      prefix.write(this.#control.view, this.#control.bytes, start, segment.byteLength, 0);
    }
    const { view } = this.#messages;
    setIovec(view, this.#iovecsAt, 0, this.#control.address + start, dataAt - start + segment.byteLength);
    setPointer(view, 16, this.#messages.address + this.#iovecsAt);
    setPointer(view, 24, 1);
    this.#sendMessages(0, 1);
  }

  #sendMessages(from: number, count: number): void {
    const address = this.#messages.address + from * MMSGHDR_BYTES;
    const taken = sendMessages(this.#options.fd, address, count);
    this.framesSent += taken;
    this.framesUnsent += count - taken;
  }

  [Symbol.dispose](): void {
    this.records[Symbol.dispose]();
    this.#headers[Symbol.dispose]();
    this.#messages[Symbol.dispose]();
    this.#slotIovecs[Symbol.dispose]();
    this.#control[Symbol.dispose]();
  }
}
