// END: the sender has sent every record. Body of one control segment:
//
//    0 zero (2) | records (6) | bytes (8) | digest (32) | 48
import { ByteReader } from '../bytes/byte-reader.ts';
import { ByteWriter } from '../bytes/byte-writer.ts';

export const END_BYTES = 48;

export interface End {
  /** How many records the stream has, at least 1: the last carries FLAG_LAST. */
  readonly records: number;
  /** How many bytes the stream has, without tags. */
  readonly bytes: bigint;
  /** SHA-256 over the 16-byte tags of all records in order. */
  readonly digest: Uint8Array;
}

/** A number out of bounds or a digest that is not 32 bytes is a RangeError. */
export function encodeEnd(end: End): Uint8Array {
  if (end.records < 1) throw new RangeError('a stream has at least its last record');
  return new ByteWriter(END_BYTES).zero(2).u48(end.records).u64(end.bytes).bytes(end.digest, 32).finish();
}

/** @throws ZwireError WIRE_MALFORMED */
export function decodeEnd(bytes: Uint8Array): End {
  const reader = new ByteReader(bytes, 'END');
  reader.zero(2, 'reserved');
  const records = reader.u48('records');
  if (records < 1) reader.fail('records', 2);
  const end = { records, bytes: reader.u64('bytes'), digest: reader.bytes(32, 'digest') };
  reader.end();
  return end;
}
