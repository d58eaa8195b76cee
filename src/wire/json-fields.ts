// JSON bodies of control messages, checked by hand: this runs in the worker that moves the data, which should
// not load a schema library for two messages.
import { malformed } from '../bytes/byte-reader.ts';
import { decodeUtf8, encodeUtf8 } from '../bytes/utf8.ts';

const U64_MAX = 0xffff_ffff_ffff_ffffn;
const DECIMAL_PATTERN = /^(?:0|[1-9][0-9]{0,19})$/;
// Nothing that drives a terminal or is not text: control characters and lone surrogates.
const UNPRINTABLE_PATTERN = /[\p{Cc}\p{Cs}]/u;

/** Reads a JSON object in UTF-8. The caller has bounded the length of `bytes`, and so the depth. */
export function parseJsonObject(bytes: Uint8Array, what: string): JsonFields {
  const text = decodeUtf8(bytes);
  if (text === undefined) throw malformed(`${what} (not UTF-8)`, 0);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed(`${what} (not JSON)`, 0);
  }
  return new JsonFields(value, what);
}

/**
 * The fields of one JSON object. Every reader checks type and bound and throws ZwireError WIRE_MALFORMED
 * otherwise. Only own properties are seen, so `__proto__` is a key like any other.
 */
export class JsonFields {
  readonly #object: object;
  readonly #what: string;

  constructor(value: unknown, what: string) {
    this.#what = what;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw malformed(`${what} (not an object)`, 0);
    }
    this.#object = value;
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#object, key);
  }

  boolean(key: string): boolean {
    const value = this.#own(key);
    return typeof value === 'boolean' ? value : this.fail(key);
  }

  integer(key: string, min: number, max: number): number {
    const value = this.#own(key);
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max)
      this.fail(key);
    return value;
  }

  /** A number of 64 bits as a decimal string. */
  u64(key: string, max: bigint = U64_MAX): bigint {
    const value = this.#own(key);
    if (typeof value !== 'string' || !DECIMAL_PATTERN.test(value)) this.fail(key);
    const number = BigInt(value);
    return number <= max ? number : this.fail(key);
  }

  /** Text without control characters, at most `bytesMax` bytes of UTF-8. */
  text(key: string, bytesMax: number): string {
    const value = this.#own(key);
    if (typeof value !== 'string' || value.length > bytesMax) this.fail(key);
    if (UNPRINTABLE_PATTERN.test(value) || encodeUtf8(value).length > bytesMax) this.fail(key);
    return value;
  }

  oneOf<T extends string>(key: string, values: readonly T[]): T {
    const value = this.#own(key);
    return values.find((known) => known === value) ?? this.fail(key);
  }

  object(key: string): JsonFields {
    return new JsonFields(this.#own(key), `${this.#what} ${key}`);
  }

  array(key: string, countMax: number): readonly unknown[] {
    const value = this.#own(key);
    if (!Array.isArray(value) || value.length > countMax) this.fail(key);
    return value;
  }

  fail(key: string): never {
    throw malformed(`${this.#what} ${key}`, 0);
  }

  #own(key: string): unknown {
    return Object.getOwnPropertyDescriptor(this.#object, key)?.value;
  }
}
