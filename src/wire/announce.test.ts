import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { attackDecoder } from '../../test/hostile-harness.ts';
import {
  ANNOUNCE_CLEAR_BYTES,
  type Announcement,
  decodeAnnounceClear,
  decodeAnnouncement,
  encodeAnnounceClear,
  encodeAnnouncement,
} from './announce.ts';
import { controlBodyBytesForMtu, LIMITS } from './limits.ts';

const MALFORMED = expect.objectContaining({ code: 'WIRE_MALFORMED' });

const CLEAR = {
  suite: 'open',
  keyId: new Uint8Array(8).fill(1),
  salt: Uint8Array.from({ length: 32 }, (_, i) => i),
  ephemeralPublic: new Uint8Array(32).fill(2),
  senderTimeNs: 0x1122334455667788n,
} as const;

const FILE: Announcement = {
  kind: 'file',
  name: 'größe.img',
  recursive: false,
  features: [],
  sizeBytes: 0n,
  segmentPayloadBytes: 1440,
  fecDataRecords: 0,
  fecParityRecords: 0,
  feedback: 'none',
  timeoutMs: 1,
};
const DELTA: Announcement = {
  kind: 'delta',
  name: 'tank/a b',
  toSnapshot: { name: 'tank/a b@tuesday', guid: 2n ** 64n - 1n },
  fromSnapshot: { name: 'tank/a b@monday', guid: 0n },
  replicated: { count: 12, digest: 'ab'.repeat(32) },
  recursive: true,
  features: ['large_blocks', 'compressed'],
  sizeBytes: 2n ** 63n,
  segmentPayloadBytes: 8928,
  fecDataRecords: 128,
  fecParityRecords: 8,
  feedback: 'one',
  timeoutMs: 86_400_000,
};

/** DELTA as JSON with some keys replaced. */
function json(changes: Record<string, unknown>): Uint8Array {
  const honest: unknown = JSON.parse(new TextDecoder().decode(encodeAnnouncement(DELTA)));
  return new TextEncoder().encode(JSON.stringify(Object.assign(honest ?? {}, changes)));
}

describe('ANNOUNCE clear part', () => {
  test('the layout of docs/protocol.md', () => {
    const bytes = encodeAnnounceClear(CLEAR);
    expect(bytes.length).toBe(ANNOUNCE_CLEAR_BYTES);
    expect(Buffer.from(bytes).toString('hex')).toBe(
      ['00'.repeat(8), '01'.repeat(8), Buffer.from(CLEAR.salt).toString('hex'), '02'.repeat(32)]
        .concat('1122334455667788')
        .join(''),
    );
  });

  test('passes the hostile harness', () => {
    attackDecoder({
      name: 'announce clear',
      vectors: [encodeAnnounceClear(CLEAR), encodeAnnounceClear({ ...CLEAR, suite: 'Xpsk1_AESGCM' })],
      decode: decodeAnnounceClear,
      trailing: 'ignored', // the sealed body
      encode: encodeAnnounceClear,
    });
  });

  test('an unknown suite is refused, not guessed at', () => {
    const bytes = encodeAnnounceClear(CLEAR);
    bytes[0] = 9;
    expect(() => decodeAnnounceClear(bytes)).toThrow(
      expect.objectContaining({ fields: { what: 'ANNOUNCE suite', offset: 0 } }),
    );
  });

  test('the encoder refuses keys of the wrong length', () => {
    expect(() => encodeAnnounceClear({ ...CLEAR, salt: new Uint8Array(31) })).toThrow(RangeError);
  });
});

describe('ANNOUNCE body', () => {
  test('passes the hostile harness', () => {
    attackDecoder({
      name: 'announcement',
      vectors: [encodeAnnouncement(FILE), encodeAnnouncement(DELTA)],
      decode: decodeAnnouncement,
      trailing: 'refused',
      check: (a) => {
        expect(Buffer.byteLength(a.name)).toBeLessThanOrEqual(255);
        expect(a.segmentPayloadBytes % 16).toBe(0);
        expect(a.fecDataRecords + a.fecParityRecords).toBeLessThanOrEqual(255);
      },
      encode: encodeAnnouncement,
    });
  });

  test('every valid announcement survives', () => {
    for (const a of [FILE, DELTA]) expect(decodeAnnouncement(encodeAnnouncement(a))).toEqual(a);
  });

  test('unknown keys are ignored', () => {
    expect(decodeAnnouncement(json({ future: { deep: [1] }, __proto__: { kind: 'pool' } }))).toEqual(DELTA);
  });

  test.each<[string, Record<string, unknown>]>([
    ['kind', { kind: 'bookmark' }],
    ['kind', { kind: undefined }],
    ['kind', { kind: ['file'] }],
    ['name', { name: '' }],
    ['name', { name: 7 }],
    ['name', { name: 'a\u0000b' }],
    ['name', { name: 'a\u001b[2J' }],
    ['name', { name: '\ud800' }],
    ['name', { name: 'é'.repeat(128) }],
    ['toSnapshot', { toSnapshot: undefined }],
    ['toSnapshot (not an object)', { toSnapshot: null }],
    ['toSnapshot guid', { toSnapshot: { name: 'a@b', guid: 7 } }],
    ['toSnapshot guid', { toSnapshot: { name: 'a@b', guid: '18446744073709551616' } }],
    ['toSnapshot guid', { toSnapshot: { name: 'a@b', guid: '-1' } }],
    ['toSnapshot guid', { toSnapshot: { name: 'a@b', guid: '0x10' } }],
    ['toSnapshot guid', { toSnapshot: { name: 'a@b', guid: '01' } }],
    ['toSnapshot name', { toSnapshot: { name: '', guid: '1' } }],
    ['fromSnapshot', { fromSnapshot: undefined }],
    ['toSnapshot', { kind: 'file' }],
    ['replicated digest', { replicated: { count: 1, digest: 'AB'.repeat(32) } }],
    ['replicated count', { replicated: { count: -1, digest: 'ab'.repeat(32) } }],
    ['recursive', { recursive: 1 }],
    ['features', { features: 'large_blocks' }],
    ['features', { features: ['a b'] }],
    ['features', { features: [7] }],
    ['features', { features: Array.from({ length: 17 }, () => 'a') }],
    ['sizeBytes', { sizeBytes: 5 }],
    ['segmentPayloadBytes', { segmentPayloadBytes: 1441 }],
    ['segmentPayloadBytes', { segmentPayloadBytes: 0 }],
    ['segmentPayloadBytes', { segmentPayloadBytes: 65_472 }],
    ['fecParityRecords', { fecParityRecords: 0 }],
    ['fecParityRecords', { fecDataRecords: 200, fecParityRecords: 56 }],
    ['feedback', { feedback: 'two' }],
    ['timeoutMs', { timeoutMs: 0 }],
    ['timeoutMs', { timeoutMs: 86_400_001 }],
    ['timeoutMs', { timeoutMs: 1.5 }],
    ['timeoutMs', { timeoutMs: '5000' }],
  ])('refuses a wrong %s: %o', (field, changes) => {
    const error = expect.objectContaining({
      code: 'WIRE_MALFORMED',
      fields: { what: `ANNOUNCE ${field}`, offset: 0 },
    });
    expect(() => decodeAnnouncement(json(changes))).toThrow(error);
  });

  test.each(['', 'null', '[]', '"a"', '{', '{"kind":"file"}}', '['.repeat(1400)])('refuses %s', (text) => {
    expect(() => decodeAnnouncement(new TextEncoder().encode(text))).toThrow(MALFORMED);
  });

  test('refuses a body that no segment can carry, before it is parsed', () => {
    expect(() => decodeAnnouncement(json({ pad: 'x'.repeat(1400) }))).toThrow(MALFORMED);
  });

  test('the longest ZFS names with everything else fit one segment at MTU 1500', () => {
    const dataset = 'd'.repeat(200);
    const name = `${dataset}@${'s'.repeat(54)}`;
    const snapshot = { name, guid: 2n ** 64n - 1n };
    const a: Announcement = { ...DELTA, name, toSnapshot: snapshot, fromSnapshot: snapshot };
    expect(decodeAnnouncement(encodeAnnouncement(a))).toEqual(a);
  });

  test('names that do not fit are an error before anything is sent', () => {
    const tooLong = { ...DELTA, name: 'd'.repeat(256) };
    expect(() => encodeAnnouncement(tooLong)).toThrow(expect.objectContaining({ code: 'NAME_TOO_LONG' }));
    expect(() => encodeAnnouncement(DELTA, controlBodyBytesForMtu(576))).toThrow(
      expect.objectContaining({ code: 'NAME_TOO_LONG' }),
    );
    encodeAnnouncement(FILE, controlBodyBytesForMtu(576));
  });

  test('any name of a file can be announced: it is a label', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (name) => {
        const decoded = decodeAnnouncement(encodeAnnouncement({ ...FILE, name }));
        expect(Buffer.byteLength(decoded.name)).toBeLessThanOrEqual(LIMITS.nameBytes);
      }),
      { numRuns: 40 },
    );
    expect(decodeAnnouncement(encodeAnnouncement({ ...FILE, name: 'a\nb\ud800' })).name).toBe(
      'a\ufffdb\ufffd',
    );
  });
});
