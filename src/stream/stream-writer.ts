// Writes a ZFS send stream with right checksums: the counterpart of stream-reader.ts, for tests and for tools that
// make or change streams.
import { featureFlags, type StreamFeature } from './feature.ts';
import { Fletcher4 } from './fletcher4.ts';
import {
  CHECKSUM_AT,
  encodeFields,
  MAGIC,
  RECORD_BYTES,
  type RecordFields,
  type RecordType,
  writeChecksum,
} from './record-layout.ts';

export interface BeginToWrite extends Partial<Omit<RecordFields<'BEGIN'>, 'magic' | 'versionInfo'>> {
  readonly toName: string;
  readonly kind?: 'package' | 'substream';
  readonly features?: readonly StreamFeature[];
  /** A packed nvlist (encodeXdrNvList), a multiple of 4 bytes. */
  readonly payload?: Uint8Array;
}

/**
 * Makes the records of a stream one after another; each call returns the bytes of one, header and payload. It writes
 * what it is told: that the order and the lengths make a stream that a receiver takes is the caller's business.
 */
export class StreamWriter {
  readonly #littleEndian: boolean;
  readonly #sum: Fletcher4;

  constructor(littleEndian: boolean = true) {
    this.#littleEndian = littleEndian;
    this.#sum = new Fletcher4(littleEndian);
  }

  begin(begin: BeginToWrite): Uint8Array {
    const { kind, features = [], payload = new Uint8Array(0), ...fields } = begin;
    const versionInfo = (featureFlags(features) << 2n) | (kind === 'package' ? 2n : 1n);
    const header = encodeFields('BEGIN', { ...fields, magic: MAGIC, versionInfo }, this.#littleEndian);
    new DataView(header.buffer).setUint32(4, payload.length, this.#littleEndian);
    this.#sum.reset();
    this.#sum.update(header);
    return this.#withPayload(header, payload);
  }

  /** A record with its checksum. `payload` must be as long as the fields say. */
  record<T extends Exclude<RecordType, 'BEGIN' | 'END'>>(
    type: T,
    fields: Partial<RecordFields<T>>,
    payload: Uint8Array = new Uint8Array(0),
  ): Uint8Array {
    return this.#withPayload(this.#sealed(encodeFields(type, fields, this.#littleEndian)), payload);
  }

  /** The END of a substream. */
  end(toGuid: bigint = 0n): Uint8Array {
    const checksum = this.#sum.words();
    const header = this.#sealed(encodeFields('END', { checksum, toGuid }, this.#littleEndian));
    this.#sum.reset();
    return header;
  }

  /** The END after the head of a package, and the END of the package: libzfs gives them no checksum of their own. */
  endOfPackage(): Uint8Array {
    const header = encodeFields('END', { checksum: this.#sum.words() }, this.#littleEndian);
    this.#sum.reset();
    return header;
  }

  #sealed(header: Uint8Array): Uint8Array {
    this.#sum.update(header.subarray(0, CHECKSUM_AT));
    writeChecksum(new DataView(header.buffer), CHECKSUM_AT, this.#sum.words(), this.#littleEndian);
    this.#sum.update(header.subarray(CHECKSUM_AT));
    return header;
  }

  #withPayload(header: Uint8Array, payload: Uint8Array): Uint8Array {
    this.#sum.update(payload);
    this.#sum.endBlock();
    const bytes = new Uint8Array(RECORD_BYTES + payload.length);
    bytes.set(header);
    bytes.set(payload, RECORD_BYTES);
    return bytes;
  }
}
