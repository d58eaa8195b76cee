// Seals and opens control messages: AES-256-GCM or ChaCha20-Poly1305 under the key of their direction, a counter as nonce, and the
// immutable header fields plus any clear part as associated data. Some thousands a second pass while data flows, so a
// context is kept for each direction; node:crypto serves where there is none (implementation.ts).
import { type AeadContext, TAG_BYTES } from '../sys/aead-context.ts';
import { Memory } from '../sys/memory.ts';
import { AAD_BYTES, writeAad } from '../wire/segment.ts';
import { type Cipher, createAead, createAeadOpener } from './cipher.ts';
import {
  type AddressImplementation,
  bestImplementation,
  createContext,
  type SealImplementation,
} from './implementation.ts';
import type { DirectionKey } from './session-keys.ts';

const NONCE_BYTES = 12;
/** Clear part and body fit one control segment (LIMITS.controlPayloadBytes). */
const PAYLOAD_BYTES_MAX = 2048;

export interface ControlHeader {
  readonly type: number;
  readonly transferIdHigh: number;
  readonly transferIdLow: number;
  /** The counter of this direction, from 1; it is the record field of the header. */
  readonly counter: number;
}

export interface ControlSealer extends Disposable {
  /** clear part || sealed body || tag: the whole payload of a control segment. A counter is used once. */
  seal(header: ControlHeader, clear: Uint8Array, body: Uint8Array): Uint8Array;
}

export interface ControlOpener extends Disposable {
  /** The body, or undefined when the tag is wrong or the payload too short. `clearBytes` is the length of the clear part. */
  open(header: ControlHeader, payload: Uint8Array, clearBytes: number): Uint8Array | undefined;
}

/** Nonce, associated data and payload where OpenSSL reads and writes them; both implementations lay them out alike. */
//   0 nonce (12) | 64 associated data: 28 and the clear part | 4096 payload in | 8192 payload out
class Desk implements Disposable {
  static readonly nonceAt = 0;
  static readonly keyAt = 32;
  static readonly aadAt = 64;
  static readonly inAt = 4096;
  static readonly outAt = 8192;
  readonly memory: Memory = Memory.allocate(12_288);

  constructor(key: DirectionKey) {
    this.memory.bytes.set(key.noncePrefix, Desk.nonceAt);
    this.memory.bytes.set(key.key, Desk.keyAt);
  }

  /** Lays a message out; returns the length of its associated data. */
  set(header: ControlHeader, payloadBytes: number, clear: Uint8Array): number {
    const { view, bytes } = this.memory;
    view.setUint32(Desk.nonceAt + 4, Math.floor(header.counter / 2 ** 32));
    view.setUint32(Desk.nonceAt + 8, header.counter >>> 0);
    const { type, transferIdHigh, transferIdLow, counter } = header;
    writeAad(view, Desk.aadAt, type, transferIdHigh, transferIdLow, counter, payloadBytes, false);
    bytes.set(clear, Desk.aadAt + AAD_BYTES);
    return AAD_BYTES + clear.byteLength;
  }

  get nonce(): Uint8Array {
    return this.memory.bytes.subarray(Desk.nonceAt, Desk.nonceAt + NONCE_BYTES);
  }

  aad(bytes: number): Uint8Array {
    return this.memory.bytes.subarray(Desk.aadAt, Desk.aadAt + bytes);
  }

  wipeKey(): void {
    this.memory.bytes.fill(0, Desk.keyAt, Desk.keyAt + 32);
  }

  [Symbol.dispose](): void {
    this.memory.bytes.fill(0);
    this.memory[Symbol.dispose]();
  }
}

function assertFits(bytes: number): void {
  if (bytes > PAYLOAD_BYTES_MAX) throw new RangeError(`a control payload of ${bytes} bytes`);
}

class AddressControlSealer implements ControlSealer {
  readonly #desk: Desk;
  readonly #context: AeadContext;

  constructor(key: DirectionKey, implementation: AddressImplementation) {
    this.#desk = new Desk(key);
    this.#context = createContext(
      implementation,
      'encrypt',
      key.cipher,
      this.#desk.memory.address + Desk.keyAt,
    );
    this.#desk.wipeKey();
  }

  seal(header: ControlHeader, clear: Uint8Array, body: Uint8Array): Uint8Array {
    const payloadBytes = clear.byteLength + body.byteLength + TAG_BYTES;
    assertFits(payloadBytes);
    const { memory } = this.#desk;
    const aadBytes = this.#desk.set(header, payloadBytes, clear);
    memory.bytes.set(clear, Desk.outAt);
    memory.bytes.set(body, Desk.inAt);
    const outAddress = memory.address + Desk.outAt + clear.byteLength;
    const { address } = memory;
    const inAddress = address + Desk.inAt;
    this.#context.seal(
      address + Desk.nonceAt,
      address + Desk.aadAt,
      aadBytes,
      outAddress,
      inAddress,
      body.byteLength,
    );
    return memory.bytes.slice(Desk.outAt, Desk.outAt + payloadBytes);
  }

  [Symbol.dispose](): void {
    this.#context[Symbol.dispose]();
    this.#desk[Symbol.dispose]();
  }
}

class AddressControlOpener implements ControlOpener {
  readonly #desk: Desk;
  readonly #context: AeadContext;

  constructor(key: DirectionKey, implementation: AddressImplementation) {
    this.#desk = new Desk(key);
    this.#context = createContext(
      implementation,
      'decrypt',
      key.cipher,
      this.#desk.memory.address + Desk.keyAt,
    );
    this.#desk.wipeKey();
  }

  open(header: ControlHeader, payload: Uint8Array, clearBytes: number): Uint8Array | undefined {
    const bodyBytes = payload.byteLength - clearBytes - TAG_BYTES;
    if (bodyBytes < 0 || payload.byteLength > PAYLOAD_BYTES_MAX) return undefined;
    const { memory } = this.#desk;
    const aadBytes = this.#desk.set(header, payload.byteLength, payload.subarray(0, clearBytes));
    memory.bytes.set(payload, Desk.inAt);
    const inAddress = memory.address + Desk.inAt + clearBytes;
    this.#context.begin(memory.address + Desk.nonceAt, memory.address + Desk.aadAt, aadBytes);
    this.#context.update(memory.address + Desk.outAt, inAddress, bodyBytes);
    if (!this.#context.open(inAddress + bodyBytes)) return undefined;
    return memory.bytes.slice(Desk.outAt, Desk.outAt + bodyBytes);
  }

  [Symbol.dispose](): void {
    this.#context[Symbol.dispose]();
    this.#desk[Symbol.dispose]();
  }
}

class NodeControlSealer implements ControlSealer {
  readonly #desk: Desk;
  readonly #cipher: Cipher;
  readonly #key: Uint8Array;

  constructor(key: DirectionKey) {
    this.#desk = new Desk(key);
    this.#cipher = key.cipher;
    this.#key = Uint8Array.from(key.key);
  }

  seal(header: ControlHeader, clear: Uint8Array, body: Uint8Array): Uint8Array {
    const payload = new Uint8Array(clear.byteLength + body.byteLength + TAG_BYTES);
    assertFits(payload.byteLength);
    const aadBytes = this.#desk.set(header, payload.byteLength, clear);
    const cipher = createAead(this.#cipher, this.#key, this.#desk.nonce, this.#desk.aad(aadBytes));
    payload.set(clear);
    payload.set(cipher.update(body), clear.byteLength);
    cipher.final();
    payload.set(cipher.getAuthTag(), clear.byteLength + body.byteLength);
    return payload;
  }

  [Symbol.dispose](): void {
    this.#key.fill(0);
    this.#desk[Symbol.dispose]();
  }
}

class NodeControlOpener implements ControlOpener {
  readonly #desk: Desk;
  readonly #cipher: Cipher;
  readonly #key: Uint8Array;

  constructor(key: DirectionKey) {
    this.#desk = new Desk(key);
    this.#cipher = key.cipher;
    this.#key = Uint8Array.from(key.key);
  }

  open(header: ControlHeader, payload: Uint8Array, clearBytes: number): Uint8Array | undefined {
    const bodyBytes = payload.byteLength - clearBytes - TAG_BYTES;
    if (bodyBytes < 0 || payload.byteLength > PAYLOAD_BYTES_MAX) return undefined;
    const aadBytes = this.#desk.set(header, payload.byteLength, payload.subarray(0, clearBytes));
    const decipher = createAeadOpener(this.#cipher, this.#key, this.#desk.nonce, this.#desk.aad(aadBytes));
    decipher.setAuthTag(payload.subarray(clearBytes + bodyBytes));
    const body = decipher.update(payload.subarray(clearBytes, clearBytes + bodyBytes));
    try {
      decipher.final();
    } catch {
      // A wrong tag is an expected answer here, not a failure: the message is dropped and counted.
      return undefined;
    }
    return body;
  }

  [Symbol.dispose](): void {
    this.#key.fill(0);
    this.#desk[Symbol.dispose]();
  }
}

export function createControlSealer(
  key: DirectionKey,
  implementation: SealImplementation = bestImplementation(key.cipher),
): ControlSealer {
  return implementation === 'node'
    ? new NodeControlSealer(key)
    : new AddressControlSealer(key, implementation);
}

export function createControlOpener(
  key: DirectionKey,
  implementation: SealImplementation = bestImplementation(key.cipher),
): ControlOpener {
  return implementation === 'node'
    ? new NodeControlOpener(key)
    : new AddressControlOpener(key, implementation);
}
