// Gives a damaged send stream checksums that fit again, so that what an attacker can write is read, and not only that
// a broken disk is noticed: nearly every mutation would end at the first checksum.
import { ZwireError } from '../src/bytes/zwire-error.ts';
import { Fletcher4, isZeroChecksum } from '../src/stream/fletcher4.ts';
import {
  CHECKSUM_AT,
  MAGIC,
  MAGIC_AT,
  readChecksum,
  RECORD_BYTES,
  RECORD_TYPES,
  writeChecksum,
} from '../src/stream/record-layout.ts';
import { StreamReader } from '../src/stream/stream-reader.ts';

const BEGIN = 0;
const END = RECORD_TYPES.indexOf('END');
/** Where END states the sum of what is before it. */
const END_SUM_AT = 8;

/** A copy, sealed up to the first record that is refused for another reason; a checksum left out stays so. */
export function reseal(stream: Uint8Array): Uint8Array {
  const bytes = stream.slice();
  const view = new DataView(bytes.buffer);
  if (bytes.length < RECORD_BYTES) return bytes;
  const little = view.getBigUint64(MAGIC_AT, true) === MAGIC;
  const sum = new Fletcher4(little);
  const reader = new StreamReader({ partial: true });
  for (let at = 0; at + RECORD_BYTES <= bytes.length; ) {
    sealHeader(bytes, at, sum, little);
    const payloadBytes = payloadOf(
      reader,
      bytes.subarray(at, at + RECORD_BYTES),
      view.getUint32(at + 4, little),
    );
    if (payloadBytes === undefined) return bytes;
    at += RECORD_BYTES;
    const payload = bytes.subarray(at, at + payloadBytes);
    sum.update(payload);
    sum.endBlock();
    if (refused(() => [...reader.read(payload)])) return bytes;
    at += payloadBytes;
  }
  return bytes;
}

function sealHeader(bytes: Uint8Array, at: number, sum: Fletcher4, little: boolean): void {
  const view = new DataView(bytes.buffer);
  const type = view.getUint32(at, little);
  const header = bytes.subarray(at, at + RECORD_BYTES);
  if (type === BEGIN && view.getBigUint64(at + MAGIC_AT, little) === MAGIC) {
    sum.reset();
    sum.update(header);
    return;
  }
  if (type === END) writeChecksum(view, at + END_SUM_AT, sum.words(), little);
  const absent = isZeroChecksum(readChecksum(view, at + CHECKSUM_AT, little));
  sum.update(header.subarray(0, CHECKSUM_AT));
  if (!absent) writeChecksum(view, at + CHECKSUM_AT, sum.words(), little);
  sum.update(header.subarray(CHECKSUM_AT));
  if (type === END) sum.reset();
}

/** What the reader says follows this header, undefined when it refuses it. A BEGIN with an nvlist waits for that. */
function payloadOf(reader: StreamReader, header: Uint8Array, stated: number): number | undefined {
  let payloadBytes = stated;
  const isRefused = refused(() => {
    for (const record of reader.read(header)) payloadBytes = record.payloadBytes;
  });
  return isRefused ? undefined : payloadBytes;
}

function refused(body: () => unknown): boolean {
  try {
    body();
    return false;
  } catch (error) {
    if (error instanceof ZwireError) return true;
    throw error;
  }
}
