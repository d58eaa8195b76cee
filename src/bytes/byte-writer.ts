// A bounds-checked big-endian writer for control messages, the counterpart of byte-reader.ts.

/**
 * Writes into a buffer of fixed size. Writing past its end, or a value that does not fit its field, is a
 * RangeError: a mistake of the caller, who has limits to check against, not of the peer.
 */
export class ByteWriter {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  constructor(bytesMax: number) {
    this.#bytes = new Uint8Array(bytesMax);
    this.#view = new DataView(this.#bytes.buffer);
  }

  u8(value: number): this {
    this.#view.setUint8(this.#take(1), checked(value, 0xff));
    return this;
  }

  u16(value: number): this {
    this.#view.setUint16(this.#take(2), checked(value, 0xffff));
    return this;
  }

  u32(value: number): this {
    this.#view.setUint32(this.#take(4), checked(value, 0xffff_ffff));
    return this;
  }

  u48(value: number): this {
    checked(value, 0xffff_ffff_ffff);
    const at = this.#take(6);
    this.#view.setUint16(at, Math.floor(value / 0x1_0000_0000));
    this.#view.setUint32(at + 2, value % 0x1_0000_0000);
    return this;
  }

  u64(value: bigint): this {
    if (value < 0n || value > 0xffff_ffff_ffff_ffffn) throw new RangeError(`${value} does not fit 64 bits`);
    this.#view.setBigUint64(this.#take(8), value);
    return this;
  }

  /** Copies `bytes`, which must be `count` long when a count is given. */
  bytes(bytes: Uint8Array, count: number = bytes.length): this {
    if (bytes.length !== count) throw new RangeError(`${bytes.length} bytes where ${count} belong`);
    this.#bytes.set(bytes, this.#take(count));
    return this;
  }

  zero(count: number): this {
    this.#take(count);
    return this;
  }

  /** What was written: the writer's own memory, which the caller now owns. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#offset);
  }

  #take(count: number): number {
    const at = this.#offset;
    if (at + count > this.#bytes.length) {
      throw new RangeError(`${at + count} bytes do not fit ${this.#bytes.length}`);
    }
    this.#offset = at + count;
    return at;
  }
}

function checked(value: number, max: number): number {
  if (!Number.isInteger(value) || value < 0 || value > max)
    throw new RangeError(`${value} is not in 0..${max}`);
  return value;
}
