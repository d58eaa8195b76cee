// What a record may say, and how long its payload is: the payload macros of include/sys/zfs_ioctl.h and the checks of
// a receiver before it uses a record (recv_check_drr_*, receive_object and its like in module/zfs/dmu_recv.c).
import type { ErrorCode } from '../bytes/error-codes.ts';
import { STREAM_LIMITS } from './limits.ts';
import type { RecordType } from './record-layout.ts';

/** What the BEGIN of a substream allows. */
export interface SubstreamRules {
  readonly raw: boolean;
  readonly largeBlocks: boolean;
  readonly largeDnodes: boolean;
  readonly embedded: boolean;
  readonly redacted: boolean;
  readonly deduplicated: boolean;
}

/** Throws; `what` completes "record 3 (WRITE) at byte 936: ". */
export type Refusal = (code: ErrorCode, what: string) => never;

/** Reads a header's fields by offset; see RECORD_LAYOUTS. 64-bit numbers lose precision above 2^53, not magnitude. */
class HeaderFields {
  readonly #view: DataView;
  readonly #littleEndian: boolean;

  constructor(view: DataView, littleEndian: boolean) {
    this.#view = view;
    this.#littleEndian = littleEndian;
  }

  u8(at: number): number {
    return this.#view.getUint8(at);
  }

  u32(at: number): number {
    return this.#view.getUint32(at, this.#littleEndian);
  }

  u64(at: number): number {
    const [low, high] = this.#littleEndian ? [at, at + 4] : [at + 4, at];
    return this.u32(high) * 0x1_0000_0000 + this.u32(low);
  }

  /** Whether the sum of two 64-bit numbers does not fit 64 bits. */
  overflows(at: number, other: number): boolean {
    const sum =
      this.#view.getBigUint64(at, this.#littleEndian) + this.#view.getBigUint64(other, this.#littleEndian);
    return sum > 0xffff_ffff_ffff_ffffn;
  }

  isAllOnes(at: number): boolean {
    return this.u32(at) === 0xffff_ffff && this.u32(at + 4) === 0xffff_ffff;
  }
}

const up8 = (bytes: number): number => Math.ceil(bytes / 8) * 8;

/**
 * The payload bytes of a record other than BEGIN. Refuses, with STREAM_LIMIT or STREAM_MALFORMED, what no receiver
 * would take.
 */
export function checkRecord(
  type: Exclude<RecordType, 'BEGIN'>,
  view: DataView,
  littleEndian: boolean,
  rules: SubstreamRules,
  refuse: Refusal,
): number {
  const header = new HeaderFields(view, littleEndian);
  if (header.u32(4) !== 0) refuse('STREAM_MALFORMED', 'states the length of a payload that only BEGIN has');
  switch (type) {
    case 'OBJECT':
      return objectPayload(header, rules, refuse);
    case 'WRITE':
      return writePayload(header, rules, refuse);
    case 'SPILL':
      return spillPayload(header, refuse);
    case 'WRITE_EMBEDDED':
      if (!rules.embedded) refuse('STREAM_MALFORMED', 'embedded data in a stream without any');
      return embeddedPayload(header, refuse);
    case 'REDACT':
      // dmu_recv.c takes it in any stream, and what it makes can no longer be read.
      if (!rules.redacted) refuse('STREAM_MALFORMED', 'a redaction in a stream that is not redacted');
      checkRange(header, refuse);
      break;
    case 'FREE':
      checkRange(header, refuse);
      break;
    case 'FREEOBJECTS':
      if (header.overflows(8, 16)) refuse('STREAM_MALFORMED', 'frees objects beyond the last number');
      break;
    case 'OBJECT_RANGE':
      if (!rules.raw) refuse('STREAM_MALFORMED', 'an object range in a stream that is not raw');
      if (header.u64(16) !== 32 || header.u64(8) % 32 !== 0)
        refuse('STREAM_MALFORMED', 'an object range is not one block of 32 dnodes');
      break;
    case 'WRITE_BYREF':
      if (!rules.deduplicated) refuse('STREAM_MALFORMED', 'a reference in a stream that is not deduplicated');
      break;
    case 'END':
      break;
  }
  return 0;
}

function objectPayload(header: HeaderFields, rules: SubstreamRules, refuse: Refusal): number {
  if (header.u64(8) === 0) refuse('STREAM_MALFORMED', 'describes object 0, which holds the objects');
  checkBlockBytes(header.u32(24), 'block size', rules, refuse);
  if (header.u32(24) % STREAM_LIMITS.blockBytesMin !== 0)
    refuse('STREAM_MALFORMED', `a block size of ${header.u32(24)} bytes is no multiple of 512`);
  const [bonusBytes, slots, rawBonusBytes] = [header.u32(28), header.u8(34), header.u32(36)];
  for (const bytes of [bonusBytes, rawBonusBytes]) {
    if (bytes > STREAM_LIMITS.bonusBytes)
      refuse('STREAM_LIMIT', `a bonus buffer of ${bytes} bytes (at most ${STREAM_LIMITS.bonusBytes})`);
  }
  if (slots > STREAM_LIMITS.dnodeSlots) refuse('STREAM_LIMIT', `a dnode of ${slots} slots (at most 32)`);
  if (slots > 1 && !rules.largeDnodes)
    refuse('STREAM_MALFORMED', `a dnode of ${slots} slots in a stream without large dnodes`);
  if (rawBonusBytes !== 0 && !rules.raw)
    refuse('STREAM_MALFORMED', 'a raw bonus buffer in a stream that is not raw');
  if (rawBonusBytes !== 0 && rawBonusBytes < bonusBytes)
    refuse('STREAM_MALFORMED', `a raw bonus buffer of ${rawBonusBytes} bytes for one of ${bonusBytes}`);
  return rawBonusBytes === 0 ? up8(bonusBytes) : rawBonusBytes;
}

function writePayload(header: HeaderFields, rules: SubstreamRules, refuse: Refusal): number {
  const [logicalBytes, compressedBytes] = [header.u64(32), header.u64(96)];
  checkBlockBytes(logicalBytes, 'logical size', rules, refuse);
  if (header.overflows(24, 32)) refuse('STREAM_MALFORMED', 'writes beyond the largest offset');
  if (header.u8(50) === 0) {
    if (compressedBytes !== 0) refuse('STREAM_MALFORMED', 'states a compressed size without compression');
    return logicalBytes;
  }
  if (compressedBytes === 0 || compressedBytes > logicalBytes)
    refuse('STREAM_MALFORMED', `${logicalBytes} bytes are compressed to ${compressedBytes}`);
  return compressedBytes;
}

function spillPayload(header: HeaderFields, refuse: Refusal): number {
  const [length, compressedBytes] = [header.u64(16), header.u64(40)];
  if (length < STREAM_LIMITS.blockBytesMin) refuse('STREAM_MALFORMED', `a spill block of ${length} bytes`);
  if (length > STREAM_LIMITS.blockBytes)
    refuse('STREAM_LIMIT', `a spill block of ${length} bytes (at most ${STREAM_LIMITS.blockBytes})`);
  if (compressedBytes > length)
    refuse('STREAM_MALFORMED', `${length} bytes are compressed to ${compressedBytes}`);
  return compressedBytes === 0 ? length : compressedBytes;
}

function embeddedPayload(header: HeaderFields, refuse: Refusal): number {
  const bytes = header.u32(52);
  if (bytes > STREAM_LIMITS.embeddedBytes)
    refuse('STREAM_LIMIT', `embedded data of ${bytes} bytes (at most ${STREAM_LIMITS.embeddedBytes})`);
  if (header.overflows(16, 24)) refuse('STREAM_MALFORMED', 'writes beyond the largest offset');
  return up8(bytes);
}

function checkRange(header: HeaderFields, refuse: Refusal): void {
  if (!header.isAllOnes(24) && header.overflows(16, 24))
    refuse('STREAM_MALFORMED', 'a range ends beyond the largest offset');
}

function checkBlockBytes(bytes: number, what: string, rules: SubstreamRules, refuse: Refusal): void {
  if (bytes < STREAM_LIMITS.blockBytesMin)
    refuse('STREAM_MALFORMED', `a ${what} of ${bytes} bytes (at least ${STREAM_LIMITS.blockBytesMin})`);
  if (bytes > STREAM_LIMITS.blockBytes)
    refuse('STREAM_LIMIT', `a ${what} of ${bytes} bytes (at most ${STREAM_LIMITS.blockBytes})`);
  if (bytes > STREAM_LIMITS.plainBlockBytes && !rules.largeBlocks)
    refuse('STREAM_MALFORMED', `a ${what} of ${bytes} bytes in a stream without large blocks`);
}
