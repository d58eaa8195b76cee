// The Noise Protocol Framework, revision 34 (noiseprotocol.org/noise.html), by its own names: section 5's CipherState,
// SymmetricState and HandshakeState with 25519, SHA256, and AESGCM or ChaChaPoly. Only the patterns that zwire uses:
//
//   X:   <- s    -> e, es, s, ss              IK:  <- s    -> e, es, s, ss   <- e, ee, se
//   Xpsk1:       -> e, es, s, ss, psk         IKpsk2:      -> e, es, s, ss   <- e, ee, se, psk
//
// Checked against published vectors (test/vectors/noise.txt). A message that cannot be read gives undefined and changes
// nothing, so that a forged answer does not spoil the real one.
import { createHash, createHmac } from 'node:crypto';
import { type Cipher, createAead, createAeadOpener } from './cipher.ts';
import { KEY_BYTES, KeyPair } from './key-pair.ts';

const TAG_BYTES = 16;
const HASH_BYTES = 32;
/** A key and the handshake hash: what opens one payload, together with its nonce, which is 0. */
export const PAYLOAD_SECRET_BYTES: number = KEY_BYTES + HASH_BYTES;

export type NoisePattern = 'X' | 'Xpsk1' | 'IK' | 'IKpsk2';
type Token = 'e' | 's' | 'ee' | 'es' | 'se' | 'ss' | 'psk';

const PATTERNS: Readonly<Record<NoisePattern, readonly (readonly Token[])[]>> = {
  X: [['e', 'es', 's', 'ss']],
  Xpsk1: [['e', 'es', 's', 'ss', 'psk']],
  IK: [
    ['e', 'es', 's', 'ss'],
    ['e', 'ee', 'se'],
  ],
  IKpsk2: [
    ['e', 'es', 's', 'ss'],
    ['e', 'ee', 'se', 'psk'],
  ],
};
const CIPHER_NAMES: Readonly<Record<Cipher, string>> = {
  'aes-256-gcm': 'AESGCM',
  'chacha20-poly1305': 'ChaChaPoly',
};

/** Noise's own HKDF (section 4.3): `count` outputs of 32 bytes. */
function hkdf(chainingKey: Uint8Array, input: Uint8Array, count: 2 | 3): Buffer[] {
  const temporary = createHmac('sha256', chainingKey).update(input).digest();
  const outputs: Buffer[] = [];
  let previous: Buffer = Buffer.alloc(0);
  for (let index = 1; index <= count; index++) {
    previous = createHmac('sha256', temporary).update(previous).update(Uint8Array.of(index)).digest();
    outputs.push(previous);
  }
  temporary.fill(0);
  return outputs;
}

export class CipherState {
  readonly cipher: Cipher;
  #key: Uint8Array | undefined;
  #nonce = 0;

  constructor(cipher: Cipher) {
    this.cipher = cipher;
  }

  initializeKey(key: Uint8Array): void {
    this.wipe();
    this.#key = key;
    this.#nonce = 0;
  }

  get hasKey(): boolean {
    return this.#key !== undefined;
  }

  encryptWithAd(associated: Uint8Array, plaintext: Uint8Array): Uint8Array {
    if (this.#key === undefined) return plaintext.slice();
    const cipher = createAead(this.cipher, this.#key, this.#next(), associated);
    return new Uint8Array(Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]));
  }

  decryptWithAd(associated: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined {
    if (this.#key === undefined) return ciphertext.slice();
    const bytes = ciphertext.byteLength - TAG_BYTES;
    if (bytes < 0) return undefined;
    const decipher = createAeadOpener(this.cipher, this.#key, this.#next(), associated);
    decipher.setAuthTag(ciphertext.subarray(bytes));
    const plaintext = decipher.update(ciphertext.subarray(0, bytes));
    try {
      decipher.final();
    } catch {
      // A wrong tag is an answer here, not a failure.
      plaintext.fill(0);
      return undefined;
    }
    return new Uint8Array(plaintext);
  }

  /** AESGCM counts big-endian, ChaChaPoly little-endian (section 12). A handshake uses a few numbers at the most. */
  #next(): Buffer {
    const nonce = Buffer.alloc(12);
    if (this.cipher === 'aes-256-gcm') nonce.writeUInt32BE(this.#nonce, 8);
    else nonce.writeUInt32LE(this.#nonce, 4);
    this.#nonce++;
    return nonce;
  }

  copyKey(into: Uint8Array): void {
    if (this.#key !== undefined) into.set(this.#key);
  }

  copy(): CipherState {
    const copy = new CipherState(this.cipher);
    if (this.#key !== undefined) copy.#key = Uint8Array.from(this.#key);
    copy.#nonce = this.#nonce;
    return copy;
  }

  wipe(): void {
    this.#key?.fill(0);
    this.#key = undefined;
  }
}

export class SymmetricState {
  #cipherState: CipherState;
  #chainingKey: Uint8Array;
  #hash: Uint8Array;

  constructor(protocolName: string, cipher: Cipher) {
    const name = Buffer.from(protocolName);
    const hash = Buffer.alloc(HASH_BYTES);
    if (name.length <= HASH_BYTES) name.copy(hash);
    else createHash('sha256').update(name).digest().copy(hash);
    this.#hash = hash;
    this.#chainingKey = Buffer.from(hash);
    this.#cipherState = new CipherState(cipher);
  }

  get hasKey(): boolean {
    return this.#cipherState.hasKey;
  }

  mixKey(input: Uint8Array): void {
    const [chainingKey, key] = hkdf(this.#chainingKey, input, 2);
    this.#chain(chainingKey);
    if (key !== undefined) this.#cipherState.initializeKey(key);
  }

  mixHash(data: Uint8Array): void {
    this.#hash = createHash('sha256').update(this.#hash).update(data).digest();
  }

  mixKeyAndHash(input: Uint8Array): void {
    const [chainingKey, hash, key] = hkdf(this.#chainingKey, input, 3);
    this.#chain(chainingKey);
    if (hash !== undefined) this.mixHash(hash);
    if (key !== undefined) this.#cipherState.initializeKey(key);
  }

  #chain(chainingKey: Uint8Array | undefined): void {
    if (chainingKey === undefined) return;
    this.#chainingKey.fill(0);
    this.#chainingKey = chainingKey;
  }

  getHandshakeHash(): Uint8Array {
    return this.#hash;
  }

  /** The key and the associated data of what is encrypted or decrypted next. The caller wipes them. */
  copyPayloadSecret(into: Uint8Array): void {
    this.#cipherState.copyKey(into);
    into.set(this.#hash, KEY_BYTES);
  }

  encryptAndHash(plaintext: Uint8Array): Uint8Array {
    const ciphertext = this.#cipherState.encryptWithAd(this.#hash, plaintext);
    this.mixHash(ciphertext);
    return ciphertext;
  }

  decryptAndHash(ciphertext: Uint8Array): Uint8Array | undefined {
    const plaintext = this.#cipherState.decryptWithAd(this.#hash, ciphertext);
    if (plaintext !== undefined) this.mixHash(ciphertext);
    return plaintext;
  }

  /** The two transport keys: of the initiator's messages, and of the responder's. The caller wipes them. */
  split(): { readonly initiatorKey: Uint8Array; readonly responderKey: Uint8Array } {
    const [initiatorKey, responderKey] = hkdf(this.#chainingKey, new Uint8Array(0), 2);
    if (initiatorKey === undefined || responderKey === undefined) throw new Error('two keys were asked for');
    return { initiatorKey, responderKey };
  }

  copy(): SymmetricState {
    const copy = new SymmetricState('', this.#cipherState.cipher);
    copy.#cipherState = this.#cipherState.copy();
    copy.#chainingKey = Uint8Array.from(this.#chainingKey);
    copy.#hash = this.#hash;
    return copy;
  }

  wipe(): void {
    this.#chainingKey.fill(0);
    this.#cipherState.wipe();
  }
}

export interface HandshakeOptions {
  readonly pattern: NoisePattern;
  readonly cipher: Cipher;
  readonly initiator: boolean;
  readonly prologue: Uint8Array;
  /** Our static pair. */
  readonly s: KeyPair;
  /** The responder's static key, which an initiator knows beforehand. */
  readonly rs?: Uint8Array;
  /** 32 bytes, for the psk patterns; owned by the caller. */
  readonly psk?: Uint8Array;
  /** Our ephemeral pair, where a test fixes it. */
  readonly e?: KeyPair;
  /** PAYLOAD_SECRET_BYTES, owned by the caller: takes what opens the payload of the first message, once that is known. */
  readonly payloadSecret?: Uint8Array;
}

export class HandshakeState {
  #symmetric: SymmetricState;
  readonly #initiator: boolean;
  readonly #usesPsk: boolean;
  readonly #psk: Uint8Array | undefined;
  readonly #s: KeyPair;
  readonly #messages: readonly (readonly Token[])[];
  readonly #payloadSecret: Uint8Array | undefined;
  #e: KeyPair | undefined;
  #rs: Uint8Array | undefined;
  #re: Uint8Array | undefined;
  #next = 0;

  constructor(options: HandshakeOptions) {
    const { pattern, cipher, initiator, s, rs, psk } = options;
    this.#messages = PATTERNS[pattern];
    this.#usesPsk = this.#messages.some((tokens) => tokens.includes('psk'));
    if (this.#usesPsk !== (psk !== undefined)) throw new RangeError(`${pattern} and its pre-shared key`);
    this.#initiator = initiator;
    this.#psk = psk;
    this.#s = s;
    this.#rs = rs;
    this.#e = options.e;
    this.#payloadSecret = options.payloadSecret;
    this.#symmetric = new SymmetricState(`Noise_${pattern}_25519_${CIPHER_NAMES[cipher]}_SHA256`, cipher);
    this.#symmetric.mixHash(options.prologue);
    // The pre-message of all these patterns: the initiator knows the responder's static key.
    const responderStatic = initiator ? rs : s.publicKey;
    if (responderStatic === undefined) throw new RangeError("the responder's static key is not given");
    this.#symmetric.mixHash(responderStatic);
  }

  /** The other side's static key, once it is known and authentic. */
  get remoteStatic(): Uint8Array | undefined {
    return this.#rs;
  }

  /** The next message: e, s where the pattern has it, and the payload. Undefined when a key has no shared secret. */
  writeMessage(payload: Uint8Array): Uint8Array | undefined {
    const parts: Uint8Array[] = [];
    for (const token of this.#takeTokens()) {
      if (token === 'e') {
        this.#e ??= KeyPair.generate();
        parts.push(this.#e.publicKey);
        this.#mixEphemeral(this.#e.publicKey);
      } else if (token === 's') {
        parts.push(this.#symmetric.encryptAndHash(this.#s.publicKey));
      } else if (!this.#mix(token)) return undefined;
    }
    this.#keepPayloadSecret();
    parts.push(this.#symmetric.encryptAndHash(payload));
    return new Uint8Array(Buffer.concat(parts));
  }

  /** The payload of the next message; undefined when it is not authentic or cut short, and then nothing has changed. */
  readMessage(message: Uint8Array): Uint8Array | undefined {
    const before = { symmetric: this.#symmetric.copy(), re: this.#re, rs: this.#rs, next: this.#next };
    const payload = this.#read(message);
    if (payload !== undefined) {
      before.symmetric.wipe();
      return payload;
    }
    if (before.next === 0) this.#payloadSecret?.fill(0);
    this.#symmetric.wipe();
    this.#symmetric = before.symmetric;
    this.#re = before.re;
    this.#rs = before.rs;
    this.#next = before.next;
    return undefined;
  }

  #read(message: Uint8Array): Uint8Array | undefined {
    let at = 0;
    const take = (bytes: number): Uint8Array | undefined =>
      at + bytes > message.byteLength ? undefined : Uint8Array.from(message.subarray(at, (at += bytes)));
    for (const token of this.#takeTokens()) {
      if (token === 'e') {
        this.#re = take(KEY_BYTES);
        if (this.#re === undefined) return undefined;
        this.#mixEphemeral(this.#re);
      } else if (token === 's') {
        const sealed = take(this.#symmetric.hasKey ? KEY_BYTES + TAG_BYTES : KEY_BYTES);
        const rs = sealed === undefined ? undefined : this.#symmetric.decryptAndHash(sealed);
        if (rs === undefined) return undefined;
        this.#rs = rs;
      } else if (!this.#mix(token)) return undefined;
    }
    this.#keepPayloadSecret();
    return this.#symmetric.decryptAndHash(message.subarray(at));
  }

  #keepPayloadSecret(): void {
    if (this.#payloadSecret !== undefined && this.#next === 1)
      this.#symmetric.copyPayloadSecret(this.#payloadSecret);
  }

  /** After the last message: the transport keys and the handshake hash. The state is wiped. */
  split(): {
    readonly initiatorKey: Uint8Array;
    readonly responderKey: Uint8Array;
    readonly hash: Uint8Array;
  } {
    if (this.#next < this.#messages.length) throw new Error('the handshake is not complete');
    const keys = this.#symmetric.split();
    const hash = this.#symmetric.getHandshakeHash();
    this.wipe();
    return { ...keys, hash };
  }

  wipe(): void {
    this.#symmetric.wipe();
    this.#e = undefined;
  }

  #takeTokens(): readonly Token[] {
    const tokens = this.#messages[this.#next++];
    if (tokens === undefined) throw new Error('the handshake is complete');
    return tokens;
  }

  #mixEphemeral(publicKey: Uint8Array): void {
    this.#symmetric.mixHash(publicKey);
    // With a psk the ephemeral key randomizes what it encrypts (section 9.2).
    if (this.#usesPsk) this.#symmetric.mixKey(publicKey);
  }

  /** False when there is no shared secret. */
  #mix(token: Exclude<Token, 'e' | 's'>): boolean {
    if (token === 'psk') {
      if (this.#psk !== undefined) this.#symmetric.mixKeyAndHash(this.#psk);
      return true;
    }
    // The letters name the initiator's key, then the responder's.
    const [ours, theirs] = this.#initiator ? token : [token[1], token[0]];
    const pair = ours === 'e' ? this.#e : this.#s;
    const remote = theirs === 'e' ? this.#re : this.#rs;
    const shared = remote === undefined ? undefined : pair?.agree(remote);
    if (shared === undefined) return false;
    this.#symmetric.mixKey(shared);
    shared.fill(0);
    return true;
  }
}
