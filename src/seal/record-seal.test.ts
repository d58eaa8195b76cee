import { type CipherChaCha20Poly1305, type CipherGCM, createCipheriv, randomFillSync } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { Memory } from '../sys/memory.ts';
import { TAG_BYTES } from '../sys/aead-context.ts';
import { availableImplementations, type SealImplementation } from './implementation.ts';
import { type RecordOpener, createOpener, createSealer } from './record-seal.ts';
import { type DirectionKey, openSuiteKeys } from './session-keys.ts';

const AES_KEY: DirectionKey = openSuiteKeys(new Uint8Array(32).fill(3)).data;
const CHACHA_KEY: DirectionKey = { ...AES_KEY, cipher: 'chacha20-poly1305' };
/** Of the cipher under test. */
let KEY: DirectionKey = AES_KEY;

const ID_HIGH = 0xdead_beef;
const ID_LOW = 0x0123_4567;
const BIG = 63_360;
const SIZES = [0, 1, 15, 16, 17, 31, 64, 1424, 1440, 1441, 8928, BIG - TAG_BYTES - 1, BIG - TAG_BYTES];
const RECORDS = [0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 5, 2 ** 48 - 1];

/** What a record looks like on the wire, computed from docs/protocol.md with node:crypto alone. */
function reference(plain: Uint8Array, record: number, last: boolean): Buffer {
  const number = Buffer.alloc(8);
  number.writeBigUInt64BE(BigInt(record));
  const associated = Buffer.alloc(28);
  associated.writeUInt32BE(0x5a57_0102, 0);
  associated.writeUInt8(last ? 2 : 0, 4);
  associated.writeUInt32BE(ID_HIGH, 8);
  associated.writeUInt32BE(ID_LOW, 12);
  number.copy(associated, 16, 2);
  associated.writeUInt32BE(plain.byteLength + TAG_BYTES, 24);
  const cipher = cipherOf(Buffer.concat([KEY.noncePrefix, number]), associated);
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function seal(implementation: SealImplementation, plain: Uint8Array, record: number, last: boolean): Buffer {
  using sealer = createSealer(KEY, ID_HIGH, ID_LOW, implementation);
  using from = Memory.allocate(BIG + 128);
  using to = Memory.allocate(BIG + 128);
  from.bytes.set(plain, 7);
  sealer.seal(record, last, from, 7, plain.byteLength, to, 33);
  expect(to.bytes[32]).toBe(0);
  expect(to.bytes[33 + plain.byteLength + TAG_BYTES]).toBe(0);
  return Buffer.from(to.bytes.slice(33, 33 + plain.byteLength + TAG_BYTES));
}

/** Opens in pieces of `pieceBytes`, in place; undefined when the tag is wrong. */
function open(
  opener: RecordOpener,
  sealed: Uint8Array,
  record: number,
  last: boolean,
  pieceBytes: number = BIG,
): Uint8Array | undefined {
  using memory = Memory.allocate(BIG + 128);
  memory.bytes.set(sealed, 5);
  const plainBytes = sealed.byteLength - TAG_BYTES;
  opener.begin(record, sealed.byteLength, last);
  for (let at = 0; at < plainBytes; at += pieceBytes) {
    opener.update(memory, 5 + at, memory, 5 + at, Math.min(pieceBytes, plainBytes - at));
  }
  if (!opener.finish(memory, 5 + plainBytes)) return undefined;
  return memory.bytes.slice(5, 5 + plainBytes);
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
    for (const bytes of SIZES) {
      const plain = randomBytes(bytes);
      expect(seal(implementation, plain, 77, false).equals(reference(plain, 77, false))).toBe(true);
      expect(seal(implementation, plain, 77, true).equals(reference(plain, 77, true))).toBe(true);
    }
  });

  test('seals under any record number', () => {
    const plain = randomBytes(100);
    for (const record of RECORDS)
      expect(seal(implementation, plain, record, false).equals(reference(plain, record, false))).toBe(true);
  });

  test('opens what the specification seals, at any size and in pieces of any size', () => {
    using opener = createOpener(KEY, ID_HIGH, ID_LOW, implementation);
    for (const bytes of SIZES) {
      const plain = randomBytes(bytes);
      const sealed = reference(plain, 5, false);
      for (const piece of [BIG, 1440, 977, 16]) {
        expect(same(open(opener, sealed, 5, false, piece), plain)).toBe(true);
      }
    }
  });

  test('refuses any flipped bit, and opens the next record all the same', () => {
    using opener = createOpener(KEY, ID_HIGH, ID_LOW, implementation);
    const plain = randomBytes(40);
    const sealed = reference(plain, 9, false);
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const damaged = Buffer.from(sealed);
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(open(opener, damaged, 9, false)).toBeUndefined();
    }
    expect(same(open(opener, sealed, 9, false), plain)).toBe(true);
  });

  test('refuses a record under another number, length, last flag, transfer or key', () => {
    const plain = randomBytes(40);
    const sealed = reference(plain, 9, false);
    using opener = createOpener(KEY, ID_HIGH, ID_LOW, implementation);
    expect(open(opener, sealed, 10, false)).toBeUndefined();
    expect(open(opener, sealed, 9 + 2 ** 32, false)).toBeUndefined();
    expect(open(opener, sealed, 9, true)).toBeUndefined();
    expect(open(opener, sealed.subarray(0, -1), 9, false)).toBeUndefined();
    using highOther = createOpener(KEY, ID_HIGH + 1, ID_LOW, implementation);
    expect(open(highOther, sealed, 9, false)).toBeUndefined();
    using lowOther = createOpener(KEY, ID_HIGH, ID_LOW + 1, implementation);
    expect(open(lowOther, sealed, 9, false)).toBeUndefined();
    const { senderControl } = openSuiteKeys(new Uint8Array(32).fill(3));
    using keyOther = createOpener({ ...senderControl, cipher: KEY.cipher }, ID_HIGH, ID_LOW, implementation);
    expect(open(keyOther, sealed, 9, false)).toBeUndefined();
  });

  test('a record that was begun and left does not spoil the next', () => {
    using opener = createOpener(KEY, ID_HIGH, ID_LOW, implementation);
    using memory = Memory.allocate(4096);
    opener.begin(1, 100, false);
    opener.update(memory, 0, memory, 0, 50);
    const plain = randomBytes(60);
    expect(same(open(opener, reference(plain, 2, false), 2, false), plain)).toBe(true);
  });
});

const PAIRS = availableImplementations('aes-256-gcm').flatMap((sealing, at, all) =>
  all.filter((_, other) => other !== at).map((opening) => [sealing, opening] as const),
);

test.each(PAIRS)('what %s seals, %s opens', (sealing, opening) => {
  KEY = AES_KEY;
  using opener = createOpener(KEY, ID_HIGH, ID_LOW, opening);
  for (const bytes of SIZES) {
    const plain = randomBytes(bytes);
    expect(same(open(opener, seal(sealing, plain, 3, true), 3, true), plain)).toBe(true);
  }
});
