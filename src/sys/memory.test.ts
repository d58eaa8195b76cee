import { describe, expect, test } from 'vitest';
import * as libc from './libc.ts';
import { Memory, setPointer } from './memory.ts';

describe('Memory', () => {
  test('is whole pages of zeros, as long as asked for', () => {
    using memory = Memory.allocate(5000);
    expect(memory.byteLength).toBe(8192);
    expect(memory.bytes.byteLength).toBe(8192);
    expect(memory.address % 4096).toBe(0);
    expect(memory.bytes.every((byte) => byte === 0)).toBe(true);
  });

  test('is at its address: what C writes there is seen, and the other way round', () => {
    using memory = Memory.allocate(4096);
    memory.bytes.set([1, 2, 3, 4], 100);
    libc.memcpy(memory.address + 200, memory.address + 100, 4);
    expect(memory.view.getUint32(200)).toBe(0x0102_0304);
  });

  test('can be seen by another owner, whose end does not take it away', () => {
    using memory = Memory.allocate(4096);
    {
      using shared = Memory.share(memory.address, memory.byteLength);
      shared.bytes[7] = 9;
    }
    expect(memory.bytes[7]).toBe(9);
    memory.bytes[7] = 10;
    expect(memory.bytes[7]).toBe(10);
  });

  test('of no size, or of more than a view can span, is refused', () => {
    for (const bytes of [0, -1, 2 ** 31, 2 ** 40]) expect(() => Memory.allocate(bytes)).toThrow(RangeError);
  });

  test('can be given back twice', () => {
    const memory = Memory.allocate(4096);
    memory[Symbol.dispose]();
    const after = Memory.allocate(4096);
    memory[Symbol.dispose]();
    after.bytes[0] = 1;
    expect(after.bytes[0]).toBe(1);
    after[Symbol.dispose]();
  });
});

test('a pointer is 64 bits, little-endian', () => {
  const view = new DataView(new ArrayBuffer(16));
  setPointer(view, 8, 0x7fff_1234_5678);
  expect(view.getBigUint64(8, true)).toBe(0x7fff_1234_5678n);
  setPointer(view, 8, 0xffff_ffff);
  expect(view.getBigUint64(8, true)).toBe(0xffff_ffffn);
});
