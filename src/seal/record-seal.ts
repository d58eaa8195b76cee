// Seals and opens records under one key: AES-256-GCM or ChaCha20-Poly1305, nonce = 4-byte prefix || 64-bit record
// number, the immutable header fields as associated data (docs/protocol.md, "Records"). On addresses where a context
// for that is to be had, and by node:crypto where it is not (implementation.ts).
import { type AeadContext, TAG_BYTES } from '../sys/aead-context.ts';
import { Memory } from '../sys/memory.ts';
import { AAD_BYTES, MessageType, writeAad } from '../wire/segment.ts';
import { type AeadOpener, type Cipher, createAead, createAeadOpener } from './cipher.ts';
import {
  type AddressImplementation,
  bestImplementation,
  createContext,
  type SealImplementation,
} from './implementation.ts';
import type { DirectionKey } from './session-keys.ts';

const NONCE_AT = 0;
const AAD_AT = 64;
const KEY_AT = 128;

/** Places are offsets into `Memory`. One call seals one whole record. */
export interface RecordSealer extends Disposable {
  /**
   * Encrypts `plainBytes` from `plain` at `plainAt` to `out` at `outAt`, followed by the tag.
   * A (key, record) pair is used once: a repeat sends the stored bytes again.
   */
  seal(
    record: number,
    last: boolean,
    plain: Memory,
    plainAt: number,
    plainBytes: number,
    out: Memory,
    outAt: number,
  ): void;
}

/** A record is opened in steps, since its segments may lie apart. The plaintext counts only after `finish` is true. */
export interface RecordOpener extends Disposable {
  begin(record: number, recordBytes: number, last: boolean): void;
  update(out: Memory, outAt: number, sealed: Memory, sealedAt: number, bytes: number): void;
  finish(tag: Memory, tagAt: number): boolean;
}

/** The 28 bytes of associated data and the nonce, kept where a library can read them. */
class Frame implements Disposable {
  readonly memory: Memory = Memory.allocate(4096);
  readonly #transferIdHigh: number;
  readonly #transferIdLow: number;

  constructor(key: DirectionKey, transferIdHigh: number, transferIdLow: number) {
    this.memory.bytes.set(key.noncePrefix, NONCE_AT);
    this.memory.bytes.set(key.key, KEY_AT);
    this.#transferIdHigh = transferIdHigh;
    this.#transferIdLow = transferIdLow;
  }

  set(record: number, recordBytes: number, last: boolean): void {
    const view = this.memory.view;
    view.setUint32(NONCE_AT + 4, Math.floor(record / 2 ** 32));
    view.setUint32(NONCE_AT + 8, record >>> 0);
    writeAad(
      view,
      AAD_AT,
      MessageType.data,
      this.#transferIdHigh,
      this.#transferIdLow,
      record,
      recordBytes,
      last,
    );
  }

  get nonce(): Uint8Array {
    return this.memory.bytes.subarray(NONCE_AT, NONCE_AT + 12);
  }

  get aad(): Uint8Array {
    return this.memory.bytes.subarray(AAD_AT, AAD_AT + AAD_BYTES);
  }

  wipeKey(): void {
    this.memory.bytes.fill(0, KEY_AT, KEY_AT + 32);
  }

  [Symbol.dispose](): void {
    this.memory.bytes.fill(0);
    this.memory[Symbol.dispose]();
  }
}

class AddressSealer implements RecordSealer {
  readonly #frame: Frame;
  readonly #context: AeadContext;

  constructor(
    key: DirectionKey,
    transferIdHigh: number,
    transferIdLow: number,
    implementation: AddressImplementation,
  ) {
    this.#frame = new Frame(key, transferIdHigh, transferIdLow);
    this.#context = createContext(implementation, 'encrypt', key.cipher, this.#frame.memory.address + KEY_AT);
    this.#frame.wipeKey();
  }

  seal(
    record: number,
    last: boolean,
    plain: Memory,
    plainAt: number,
    plainBytes: number,
    out: Memory,
    outAt: number,
  ): void {
    this.#frame.set(record, plainBytes + TAG_BYTES, last);
    const base = this.#frame.memory.address;
    this.#context.seal(
      base + NONCE_AT,
      base + AAD_AT,
      AAD_BYTES,
      out.address + outAt,
      plain.address + plainAt,
      plainBytes,
    );
  }

  [Symbol.dispose](): void {
    this.#context[Symbol.dispose]();
    this.#frame[Symbol.dispose]();
  }
}

class AddressOpener implements RecordOpener {
  readonly #frame: Frame;
  readonly #context: AeadContext;

  constructor(
    key: DirectionKey,
    transferIdHigh: number,
    transferIdLow: number,
    implementation: AddressImplementation,
  ) {
    this.#frame = new Frame(key, transferIdHigh, transferIdLow);
    this.#context = createContext(implementation, 'decrypt', key.cipher, this.#frame.memory.address + KEY_AT);
    this.#frame.wipeKey();
  }

  begin(record: number, recordBytes: number, last: boolean): void {
    this.#frame.set(record, recordBytes, last);
    const base = this.#frame.memory.address;
    this.#context.begin(base + NONCE_AT, base + AAD_AT, AAD_BYTES);
  }

  update(out: Memory, outAt: number, sealed: Memory, sealedAt: number, bytes: number): void {
    this.#context.update(out.address + outAt, sealed.address + sealedAt, bytes);
  }

  finish(tag: Memory, tagAt: number): boolean {
    return this.#context.open(tag.address + tagAt);
  }

  [Symbol.dispose](): void {
    this.#context[Symbol.dispose]();
    this.#frame[Symbol.dispose]();
  }
}

class NodeSealer implements RecordSealer {
  readonly #frame: Frame;
  readonly #cipher: Cipher;
  readonly #key: Uint8Array;

  constructor(key: DirectionKey, transferIdHigh: number, transferIdLow: number) {
    this.#frame = new Frame(key, transferIdHigh, transferIdLow);
    this.#cipher = key.cipher;
    this.#key = Uint8Array.from(key.key);
  }

  seal(
    record: number,
    last: boolean,
    plain: Memory,
    plainAt: number,
    plainBytes: number,
    out: Memory,
    outAt: number,
  ): void {
    this.#frame.set(record, plainBytes + TAG_BYTES, last);
    const cipher = createAead(this.#cipher, this.#key, this.#frame.nonce, this.#frame.aad);
    out.bytes.set(cipher.update(plain.bytes.subarray(plainAt, plainAt + plainBytes)), outAt);
    cipher.final();
    out.bytes.set(cipher.getAuthTag(), outAt + plainBytes);
  }

  [Symbol.dispose](): void {
    this.#key.fill(0);
    this.#frame[Symbol.dispose]();
  }
}

class NodeOpener implements RecordOpener {
  readonly #frame: Frame;
  readonly #cipher: Cipher;
  readonly #key: Uint8Array;
  #decipher: AeadOpener | undefined;

  constructor(key: DirectionKey, transferIdHigh: number, transferIdLow: number) {
    this.#frame = new Frame(key, transferIdHigh, transferIdLow);
    this.#cipher = key.cipher;
    this.#key = Uint8Array.from(key.key);
  }

  begin(record: number, recordBytes: number, last: boolean): void {
    this.#frame.set(record, recordBytes, last);
    this.#decipher = createAeadOpener(this.#cipher, this.#key, this.#frame.nonce, this.#frame.aad);
  }

  update(out: Memory, outAt: number, sealed: Memory, sealedAt: number, bytes: number): void {
    const plain = this.#decipher?.update(sealed.bytes.subarray(sealedAt, sealedAt + bytes));
    if (plain !== undefined) out.bytes.set(plain, outAt);
  }

  finish(tag: Memory, tagAt: number): boolean {
    const decipher = this.#decipher;
    if (decipher === undefined) return false;
    this.#decipher = undefined;
    decipher.setAuthTag(tag.bytes.slice(tagAt, tagAt + TAG_BYTES));
    try {
      decipher.final();
    } catch {
      // A wrong tag is an answer, not a failure: the record counts as lost.
      return false;
    }
    return true;
  }

  [Symbol.dispose](): void {
    this.#key.fill(0);
    this.#frame[Symbol.dispose]();
  }
}

export function createSealer(
  key: DirectionKey,
  transferIdHigh: number,
  transferIdLow: number,
  implementation: SealImplementation = bestImplementation(key.cipher),
): RecordSealer {
  return implementation === 'node'
    ? new NodeSealer(key, transferIdHigh, transferIdLow)
    : new AddressSealer(key, transferIdHigh, transferIdLow, implementation);
}

export function createOpener(
  key: DirectionKey,
  transferIdHigh: number,
  transferIdLow: number,
  implementation: SealImplementation = bestImplementation(key.cipher),
): RecordOpener {
  return implementation === 'node'
    ? new NodeOpener(key, transferIdHigh, transferIdLow)
    : new AddressOpener(key, transferIdHigh, transferIdLow, implementation);
}
