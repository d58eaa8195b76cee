import { expect, test } from 'vitest';
import { attackDecoder } from '../../test/hostile-harness.ts';
import { type Abort, ABORT_CODES, decodeAbort, encodeAbort } from './abort.ts';
import { LIMITS } from './limits.ts';

const ABORT: Abort = { code: 'SOURCE_FAILED', message: 'zfs send failed:\n\tdataset is busy' };

test('ABORT: every code survives, and its number stays', () => {
  expect(ABORT_CODES).toEqual({
    DONE: 0,
    INTERRUPTED: 1,
    SOURCE_FAILED: 2,
    SINK_FAILED: 3,
    TIMEOUT: 4,
    PROTOCOL: 5,
    OTHER: 65_535,
  });
  for (const number of Object.values(ABORT_CODES)) {
    const abort = decodeAbort(Uint8Array.of(number >> 8, number & 255, 0, 0));
    expect(ABORT_CODES[abort.code]).toBe(number);
    expect(decodeAbort(encodeAbort(abort))).toEqual(abort);
  }
  expect(Buffer.from(encodeAbort({ code: 'DONE', message: '' })).toString('hex')).toBe('00000000');
  expect(Buffer.from(encodeAbort({ code: 'TIMEOUT', message: 'x' })).toString('hex')).toBe('0004000178');
});

test('ABORT: passes the hostile harness', () => {
  attackDecoder<Abort>({
    name: 'abort',
    vectors: [encodeAbort(ABORT), encodeAbort({ code: 'DONE', message: '' })],
    decode: decodeAbort,
    trailing: 'refused',
    check: (abort) => expect(abort.message.length).toBeLessThanOrEqual(LIMITS.messageBytes),
  });
});

test('ABORT: a code of a later version is OTHER', () => {
  expect(decodeAbort(Uint8Array.of(0x77, 0x77, 0, 0)).code).toBe('OTHER');
});

test('ABORT: a long message is cut to the limit, and to a small path', () => {
  const abort: Abort = { code: 'OTHER', message: 'é'.repeat(2000) };
  expect(decodeAbort(encodeAbort(abort)).message).toBe('é'.repeat(300));
  expect(encodeAbort(abort, 100).length).toBe(100);
});

test('ABORT: a message over the limit is malformed', () => {
  const bytes = new Uint8Array(4 + 601).fill(0x61);
  bytes.set([0, 1, 0x02, 0x59]);
  expect(() => decodeAbort(bytes)).toThrow(expect.objectContaining({ code: 'WIRE_MALFORMED' }));
  bytes[3] = 0x58;
  expect(decodeAbort(bytes.subarray(0, 604)).message).toBe('a'.repeat(600));
});
