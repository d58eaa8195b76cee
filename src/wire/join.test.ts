import { describe, expect, test } from 'vitest';
import { attackDecoder } from '../../test/hostile-harness.ts';
import {
  decodeJoin,
  decodeJoinClear,
  encodeJoin,
  encodeJoinClear,
  type Join,
  JOIN_CLEAR_BYTES,
  REFUSAL_CODES,
} from './join.ts';
import { controlBodyBytesForMtu, LIMITS } from './limits.ts';

const MALFORMED = expect.objectContaining({ code: 'WIRE_MALFORMED' });
const CLEAR = { nonce: new Uint8Array(32).fill(3), ephemeralPublic: new Uint8Array(32).fill(4) };
const ACCEPTED: Join = {
  accepted: true,
  creditLimit: 2 ** 48 - 1,
  windowRecords: 96,
  have: { snapshots: [{ name: 'tank/a@b', guid: 2n ** 64n - 1n }], token: '1-bf31b879a-b8-789c636064' },
};
const UNDECIDED: Join = { accepted: 'undecided' };
const REFUSED: Join = { accepted: false, code: 'EXISTS', message: 'backup/tank/a exists: größer' };

describe('JOIN clear part', () => {
  test('passes the hostile harness', () => {
    expect(encodeJoinClear(CLEAR).length).toBe(JOIN_CLEAR_BYTES);
    attackDecoder({
      name: 'join clear',
      vectors: [encodeJoinClear(CLEAR)],
      decode: decodeJoinClear,
      trailing: 'ignored', // the sealed body
      encode: encodeJoinClear,
    });
  });
});

describe('JOIN body', () => {
  test('the layout of docs/protocol.md', () => {
    const bytes = encodeJoin({
      accepted: true,
      creditLimit: 0x1_0000_0002,
      windowRecords: 3,
      have: { snapshots: [] },
    });
    expect(Buffer.from(bytes).toString('latin1')).toBe(
      '\x01\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03\x00\x10{"snapshots":[]}',
    );
    expect(encodeJoin(UNDECIDED)).toEqual(Uint8Array.of(2, 0));
    const refused = encodeJoin({ accepted: false, code: 'BUSY', message: 'hm' });
    expect(Buffer.from(refused).toString('latin1')).toBe('\x00\x00\x00\x01\x00\x02hm');
  });

  test('passes the hostile harness', () => {
    attackDecoder<Join>({
      name: 'join',
      vectors: [ACCEPTED, REFUSED, UNDECIDED, { accepted: false, code: 'OTHER', message: '' } as const].map(
        (join) => encodeJoin(join),
      ),
      decode: decodeJoin,
      trailing: 'refused',
      // Damaged UTF-8 becomes U+FFFD, three bytes for one, so a message may be cut when it is encoded again.
      check: (join) => {
        if (join.accepted === false) expect(join.message.length).toBeLessThanOrEqual(LIMITS.messageBytes);
      },
    });
  });

  test('every answer survives', () => {
    for (const join of [ACCEPTED, REFUSED, UNDECIDED]) expect(decodeJoin(encodeJoin(join))).toEqual(join);
  });

  test('every refusal code survives, and its number stays', () => {
    expect(REFUSAL_CODES).toEqual({
      BUSY: 1,
      EXISTS: 2,
      DIVERGED: 3,
      PARENT_MISSING: 4,
      NAME: 5,
      INSECURE_REQUIRED: 6,
      KIND: 7,
      LIMIT: 8,
      SINK: 9,
      UNSUPPORTED: 10,
      NOT_AUTHORIZED: 11,
      CIPHER: 12,
      OTHER: 65_535,
    });
    for (const number of Object.values(REFUSAL_CODES)) {
      const join = decodeJoin(Uint8Array.of(0, 0, number >> 8, number & 255, 0, 0));
      expect(join.accepted === false ? REFUSAL_CODES[join.code] : 0).toBe(number);
      expect(decodeJoin(encodeJoin(join))).toEqual(join);
    }
  });

  test('a refusal code of a later version is OTHER, with its message', () => {
    const bytes = encodeJoin(REFUSED);
    bytes[2] = 0x12;
    expect(decodeJoin(bytes)).toEqual({ ...REFUSED, code: 'OTHER' });
  });

  test('an answer is yes, no or not yet', () => {
    const bytes = encodeJoin(ACCEPTED);
    for (const answer of [2, 3, 255]) {
      bytes[0] = answer;
      expect(() => decodeJoin(bytes)).toThrow(MALFORMED);
    }
  });

  test('long messages are cut, long lists lose the oldest snapshots', () => {
    const refused = decodeJoin(encodeJoin({ accepted: false, code: 'SINK', message: 'ü'.repeat(1000) }));
    expect(refused).toEqual({ accepted: false, code: 'SINK', message: 'ü'.repeat(300) });
    const snapshots = Array.from({ length: 500 }, (_, i) => ({ name: `tank/a@${500 - i}`, guid: BigInt(i) }));
    for (const bodyBytes of [LIMITS.controlBodyBytes, controlBodyBytesForMtu(576)]) {
      const bytes = encodeJoin(
        { accepted: true, creditLimit: 1, windowRecords: 1, have: { snapshots } },
        bodyBytes,
      );
      expect(bytes.length + JOIN_CLEAR_BYTES).toBeLessThanOrEqual(bodyBytes);
      const join = decodeJoin(bytes);
      const kept = join.accepted === true ? join.have.snapshots : [];
      expect(kept.length).toBeGreaterThan(5);
      expect(kept).toEqual(snapshots.slice(0, kept.length));
    }
  });

  test("a resume token that cannot fit is the caller's mistake", () => {
    const have = { snapshots: [], token: 'a'.repeat(1500) };
    expect(() => encodeJoin({ accepted: true, creditLimit: 1, windowRecords: 1, have })).toThrow(RangeError);
  });

  test.each([
    '{}',
    '{"snapshots":{}}',
    '{"snapshots":[7]}',
    '{"snapshots":[{"name":"a@b"}]}',
    '{"snapshots":[],"token":"1 2"}',
    '{"snapshots":[],"token":7}',
  ])('refuses %s as what it has', (text) => {
    const head = encodeJoin({
      accepted: true,
      creditLimit: 1,
      windowRecords: 1,
      have: { snapshots: [] },
    }).slice(0, 14);
    head[13] = text.length;
    expect(() => decodeJoin(Buffer.concat([head, Buffer.from(text)]))).toThrow(MALFORMED);
  });
});
