import { describe, expect, test } from 'vitest';
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';

const MALFORMED = expect.objectContaining({ code: 'WIRE_MALFORMED' });

describe('ByteReader and ByteWriter', () => {
  test('agree on every field, at both ends of its range', () => {
    const bytes = new ByteWriter(64)
      .u8(0xff)
      .u16(0xfffe)
      .u32(0xffff_fffd)
      .u48(0xffff_ffff_fffc)
      .u64(0xffff_ffff_ffff_fffbn)
      .zero(3)
      .bytes(Uint8Array.of(1, 2, 3))
      .u48(0)
      .finish();
    const reader = new ByteReader(Uint8Array.of(9, ...bytes).subarray(1), 'TEST');
    expect(reader.u8('a')).toBe(0xff);
    expect(reader.u16('b')).toBe(0xfffe);
    expect(reader.u32('c')).toBe(0xffff_fffd);
    expect(reader.u48('d')).toBe(0xffff_ffff_fffc);
    expect(reader.u64('e')).toBe(0xffff_ffff_ffff_fffbn);
    reader.zero(3, 'f');
    expect([...reader.bytes(3, 'g')]).toEqual([1, 2, 3]);
    expect(reader.u48('h')).toBe(0);
    expect(reader.offset).toBe(bytes.length);
    reader.end();
  });

  test('every read past the end names its field and offset', () => {
    const reads: ((reader: ByteReader) => unknown)[] = [
      (r) => r.u16('x'),
      (r) => r.u32('x'),
      (r) => r.u48('x'),
      (r) => r.u64('x'),
      (r) => r.bytes(2, 'x'),
      (r) => r.zero(2, 'x'),
    ];
    for (const read of reads) {
      const inside = Uint8Array.of(9, 9, 1, 9, 9, 9, 9, 9, 9, 9).subarray(2, 3);
      const error = expect.objectContaining({ fields: { what: 'TEST x (truncated)', offset: 0 } });
      expect(() => read(new ByteReader(inside, 'TEST'))).toThrow(error);
    }
  });

  test('reserved bytes that are set, and bytes left over, are malformed', () => {
    const reader = new ByteReader(Uint8Array.of(0, 1, 0), 'TEST');
    expect(() => reader.zero(3, 'reserved')).toThrow(
      expect.objectContaining({ fields: { what: 'TEST reserved', offset: 1 } }),
    );
    expect(() => new ByteReader(Uint8Array.of(0), 'TEST').end()).toThrow(MALFORMED);
  });

  test('copies what it returns', () => {
    const input = Uint8Array.of(1, 2, 3);
    const taken = new ByteReader(input, 'TEST').bytes(3, 'x');
    input.fill(9);
    expect([...taken]).toEqual([1, 2, 3]);
  });

  test('the writer refuses values and lengths that do not fit, since no peer can cause them', () => {
    const writes: ((writer: ByteWriter) => unknown)[] = [
      (w) => w.u8(256),
      (w) => w.u8(-1),
      (w) => w.u16(1.5),
      (w) => w.u32(Number.NaN),
      (w) => w.u48(2 ** 48),
      (w) => w.u64(-1n),
      (w) => w.u64(2n ** 64n),
      (w) => w.bytes(new Uint8Array(3), 4),
      (w) => w.zero(17),
    ];
    for (const write of writes) expect(() => write(new ByteWriter(16))).toThrow(RangeError);
  });
});
