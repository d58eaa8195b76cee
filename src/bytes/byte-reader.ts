// A bounds-checked big-endian reader for control messages. It throws on the first wrong byte, before anything
// of the message is used. Hot paths (segments, STATUS) read their DataView directly.
import { ZwireError } from './zwire-error.ts';

/**
 * Reads from `bytes` front to back. Every read past the end throws ZwireError WIRE_MALFORMED with `what`
 * (message and field) and `offset`. Arrays that it returns are copies: the input may be overwritten later.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #what: string;
  #offset = 0;

  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = what;
  }

  get offset(): number {
    return this.#offset;
  }

  u8(field: string): number {
    return this.#view.getUint8(this.#take(1, field));
  }

  u16(field: string): number {
    return this.#view.getUint16(this.#take(2, field));
  }

  u32(field: string): number {
    return this.#view.getUint32(this.#take(4, field));
  }

  u48(field: string): number {
    const at = this.#take(6, field);
    return this.#view.getUint16(at) * 0x1_0000_0000 + this.#view.getUint32(at + 2);
  }

  u64(field: string): bigint {
    return this.#view.getBigUint64(this.#take(8, field));
  }

  /** A copy of the next `count` bytes. */
  bytes(count: number, field: string): Uint8Array {
    const at = this.#take(count, field);
    return this.#bytes.slice(at, at + count);
  }

  /** Reserved bytes: anything but zero is malformed, so that they can be given a meaning later. */
  zero(count: number, field: string): void {
    const at = this.#take(count, field);
    for (let i = at; i < at + count; i++) if (this.#bytes[i] !== 0) this.fail(field, i);
  }

  /** Fails when bytes are left over. */
  end(): void {
    if (this.#offset !== this.#bytes.length) this.fail('trailing bytes', this.#offset);
  }

  /** Throws WIRE_MALFORMED for `field`. */
  fail(field: string, offset: number = this.#offset): never {
    throw malformed(`${this.#what} ${field}`, offset);
  }

  #take(count: number, field: string): number {
    const at = this.#offset;
    if (at + count > this.#bytes.length) this.fail(`${field} (truncated)`, at);
    this.#offset = at + count;
    return at;
  }
}

/** The error of every decoder: what is malformed, and where in the message. */
export function malformed(what: string, offset: number): ZwireError {
  return new ZwireError('WIRE_MALFORMED', `Malformed message: ${what} at byte ${offset}`, {
    fields: { what, offset },
  });
}
