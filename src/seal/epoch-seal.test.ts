import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Memory } from '../sys/memory.ts';
import { createEpochOpener, createEpochSealer } from './epoch-seal.ts';
import { availableImplementations } from './implementation.ts';
import { createSealer, type RecordOpener } from './record-seal.ts';
import { TAG_BYTES } from '../sys/aead-context.ts';
import { EPOCH_RECORDS, openSuiteKeys } from './session-keys.ts';

const SALT = new Uint8Array(32).fill(9);
const PLAIN_BYTES = 40;
const E = EPOCH_RECORDS;

let memory: Memory;
beforeEach(() => {
  memory = Memory.allocate(4096);
});
afterEach(() => {
  memory[Symbol.dispose]();
});

const keys = () => openSuiteKeys(SALT).data;

/** The keys of an epoch from docs/protocol.md, with HMAC alone. */
function referenceKeys(epoch: number): ReturnType<typeof keys> {
  const expand = (secret: Uint8Array, label: string): Buffer<ArrayBuffer> =>
    createHmac('sha256', secret).update(`zwire v1 ${label}\x01`).digest();
  let secret: Buffer<ArrayBuffer> = createHmac('sha256', SALT).update('zwire open suite v1').digest();
  for (let i = 0; i < epoch; i++) secret = expand(secret, 'data next');
  return {
    cipher: 'aes-256-gcm',
    key: expand(secret, 'data key'),
    noncePrefix: expand(secret, 'data nonce').subarray(0, 4),
    epochSecret: secret,
  };
}

/** What the specification says a record of `fill` bytes looks like. */
function reference(record: number): Uint8Array {
  using sealer = createSealer(referenceKeys(Math.floor(record / E)), 1, 2);
  return sealWith(sealer, record);
}

function sealWith(sealer: ReturnType<typeof createSealer>, record: number): Uint8Array {
  memory.bytes.fill(record % 251, 0, PLAIN_BYTES);
  sealer.seal(record, false, memory, 0, PLAIN_BYTES, memory, 1024);
  return memory.bytes.slice(1024, 1024 + PLAIN_BYTES + TAG_BYTES);
}

function opens(opener: RecordOpener, record: number, sealed: Uint8Array = reference(record)): boolean {
  memory.bytes.set(sealed, 2048);
  opener.begin(record, sealed.length, false);
  opener.update(memory, 3072, memory, 2048, PLAIN_BYTES);
  if (!opener.finish(memory, 2048 + PLAIN_BYTES)) return false;
  return memory.bytes.subarray(3072, 3072 + PLAIN_BYTES).every((byte) => byte === record % 251);
}

describe.each(availableImplementations('aes-256-gcm'))('%s', (implementation) => {
  test('every epoch has the key of the specification', () => {
    using sealer = createEpochSealer(keys(), 1, 2, implementation);
    for (const record of [0, 1, E - 1, E, E + 1, 2 * E - 1, 2 * E, 5 * E + 3]) {
      expect(sealWith(sealer, record)).toEqual(reference(record));
    }
  });

  test('no number is sealed twice, and none below one that was', () => {
    using sealer = createEpochSealer(keys(), 1, 2, implementation);
    for (const [record, below] of [
      [0, 0],
      [7, 6],
      [E, E - 1],
      [E + 1, 0],
    ] as const) {
      sealWith(sealer, record);
      expect(() => sealWith(sealer, record)).toThrow(RangeError);
      expect(() => sealWith(sealer, below)).toThrow(RangeError);
    }
    expect(() => sealWith(sealer, 2 ** 48)).toThrow(RangeError);
  });

  test('records of two epochs are opened in any order, over many epochs', () => {
    using opener = createEpochOpener(keys(), 1, 2, implementation);
    for (let epoch = 1; epoch < 5; epoch++) {
      for (const record of [epoch * E + 1, epoch * E - 2, epoch * E, epoch * E - 1, epoch * E + 2]) {
        expect(opens(opener, record)).toBe(true);
      }
    }
  });

  test('a forged record of the next epoch spoils nothing; one further away is not even tried', () => {
    using opener = createEpochOpener(keys(), 1, 2, implementation);
    const forged = new Uint8Array(PLAIN_BYTES + TAG_BYTES);
    expect(opens(opener, E + 5, forged)).toBe(false);
    expect(opens(opener, 3 * E, reference(3 * E))).toBe(false);
    expect(opens(opener, 2 ** 48 - 1, forged)).toBe(false);
    for (const record of [E - 1, E + 5, E - 2]) expect(opens(opener, record)).toBe(true);
  });

  test('an epoch that is over opens nothing any more', () => {
    using opener = createEpochOpener(keys(), 1, 2, implementation);
    for (const record of [0, E, 2 * E]) expect(opens(opener, record)).toBe(true);
    expect(opens(opener, 3)).toBe(false);
  });

  test('the keys are wiped at the end, and those of an epoch when it is over', () => {
    const given = keys();
    const sealer = createEpochSealer(given, 1, 2, implementation);
    sealWith(sealer, 0);
    expect(given.key.some((byte) => byte !== 0)).toBe(true);
    sealWith(sealer, E);
    for (const secret of [given.key, given.noncePrefix, given.epochSecret])
      expect(secret.every((byte) => byte === 0)).toBe(true);
    sealer[Symbol.dispose]();
  });
});
