import { type CipherChaCha20Poly1305, type CipherGCM, createCipheriv, randomFillSync } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { LIMITS } from '../wire/limits.ts';
import { type ControlHeader, createControlOpener, createControlSealer } from './control-seal.ts';
import { availableImplementations } from './implementation.ts';
import { type DirectionKey, openSuiteKeys } from './session-keys.ts';

const { senderControl: AES_KEY, receiverControl } = openSuiteKeys(new Uint8Array(32).fill(4));
const CHACHA_KEY: DirectionKey = { ...AES_KEY, cipher: 'chacha20-poly1305' };
/** Of the cipher under test. */
let KEY: DirectionKey = AES_KEY;
const HEADER: ControlHeader = {
  type: 4,
  transferIdHigh: 0xffff_fffe,
  transferIdLow: 7,
  counter: 2 ** 32 + 9,
};
const SIZES: readonly (readonly [clear: number, body: number])[] = [
  [0, 0],
  [0, 1],
  [0, 40],
  [64, 17],
  [112, 900],
  [0, LIMITS.controlBodyBytes],
  [112, LIMITS.controlBodyBytes - 112],
];

/** The payload as docs/protocol.md has it, with node:crypto alone. */
function reference(header: ControlHeader, clear: Uint8Array, body: Uint8Array): Buffer {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(header.counter));
  const associated = Buffer.alloc(28);
  associated.writeUInt32BE(0x5a57_0100 + header.type, 0);
  associated.writeUInt32BE(header.transferIdHigh, 8);
  associated.writeUInt32BE(header.transferIdLow, 12);
  counter.copy(associated, 16, 2);
  associated.writeUInt32BE(clear.byteLength + body.byteLength + 16, 24);
  const cipher = cipherOf(Buffer.concat([KEY.noncePrefix, counter]), Buffer.concat([associated, clear]));
  return Buffer.concat([clear, cipher.update(body), cipher.final(), cipher.getAuthTag()]);
}

function cipherOf(nonce: Buffer, associated: Buffer): CipherGCM | CipherChaCha20Poly1305 {
  const options = { authTagLength: 16 };
  return KEY.cipher === 'aes-256-gcm'
    ? createCipheriv('aes-256-gcm', KEY.key, nonce, options).setAAD(associated)
    : createCipheriv('chacha20-poly1305', KEY.key, nonce, options).setAAD(associated, { plaintextLength: 0 });
}

function same(got: Uint8Array | undefined, expected: Uint8Array): boolean {
  return got !== undefined && Buffer.compare(got, expected) === 0;
}

const randomBytes = (bytes: number): Buffer => randomFillSync(Buffer.alloc(bytes));

const CASES = [AES_KEY, CHACHA_KEY].flatMap((key) =>
  availableImplementations(key.cipher).map((implementation) => ({ implementation, cipher: key.cipher, key })),
);

describe.each(CASES)('$implementation, $cipher', ({ implementation, key }) => {
  beforeEach(() => {
    KEY = key;
  });

  test('seals the bytes of the specification, at any size', () => {
    using sealer = createControlSealer(KEY, implementation);
    for (const [clearBytes, bodyBytes] of SIZES) {
      const clear = randomBytes(clearBytes);
      const body = randomBytes(bodyBytes);
      expect(same(sealer.seal(HEADER, clear, body), reference(HEADER, clear, body))).toBe(true);
    }
  });

  test('opens them, one after another', () => {
    using opener = createControlOpener(KEY, implementation);
    for (const [clearBytes, bodyBytes] of SIZES) {
      const clear = randomBytes(clearBytes);
      const body = randomBytes(bodyBytes);
      expect(same(opener.open(HEADER, reference(HEADER, clear, body), clearBytes), body)).toBe(true);
    }
  });

  test('refuses any flipped bit of the clear part, the body and the tag', () => {
    using opener = createControlOpener(KEY, implementation);
    const body = randomBytes(20);
    const sealed = reference(HEADER, randomBytes(8), body);
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const damaged = Buffer.from(sealed);
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(opener.open(HEADER, damaged, 8)).toBeUndefined();
    }
    expect(same(opener.open(HEADER, sealed, 8), body)).toBe(true);
  });

  test('refuses another header, key, or border of the clear part', () => {
    using opener = createControlOpener(KEY, implementation);
    const sealed = reference(HEADER, randomBytes(8), randomBytes(20));
    const others: ControlHeader[] = [
      { ...HEADER, type: 5 },
      { ...HEADER, transferIdHigh: 1 },
      { ...HEADER, transferIdLow: 8 },
      { ...HEADER, counter: HEADER.counter + 1 },
      { ...HEADER, counter: 9 },
    ];
    for (const header of others) expect(opener.open(header, sealed, 8)).toBeUndefined();
    for (const clearBytes of [0, 7, 9]) expect(opener.open(HEADER, sealed, clearBytes)).toBeUndefined();
    using stranger = createControlOpener({ ...receiverControl, cipher: KEY.cipher }, implementation);
    expect(stranger.open(HEADER, sealed, 8)).toBeUndefined();
  });

  test('refuses what is too short or too long to be one', () => {
    using opener = createControlOpener(KEY, implementation);
    for (let bytes = 0; bytes < 24; bytes++)
      expect(opener.open(HEADER, new Uint8Array(bytes), 8)).toBeUndefined();
    expect(opener.open(HEADER, new Uint8Array(65_536), 0)).toBeUndefined();
    using sealer = createControlSealer(KEY, implementation);
    expect(() => sealer.seal(HEADER, new Uint8Array(0), new Uint8Array(65_536))).toThrow(RangeError);
  });

  test('gives out bytes of its own: the next message does not overwrite them', () => {
    using sealer = createControlSealer(KEY, implementation);
    using opener = createControlOpener(KEY, implementation);
    const empty = new Uint8Array(0);
    const first = sealer.seal(HEADER, empty, new Uint8Array(10).fill(1));
    const copy = first.slice();
    const opened = opener.open(HEADER, first, 0);
    const second = { ...HEADER, counter: 1 };
    opener.open(second, sealer.seal(second, empty, new Uint8Array(10).fill(2)), 0);
    expect(first).toEqual(copy);
    expect(same(opened, new Uint8Array(10).fill(1))).toBe(true);
  });
});
