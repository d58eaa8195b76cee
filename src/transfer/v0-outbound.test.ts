import { expect, test } from 'vitest';
import { v0FrameBytes } from './v0-outbound.ts';

test('a frame is as long as the MTU, as the seed has it, unless a size is given', () => {
  expect(v0FrameBytes(1500, undefined)).toBe(1500);
  expect(v0FrameBytes(1500, 800)).toBe(800);
});

test('a frame size counts the Ethernet header: its packet must fit the MTU', () => {
  expect(v0FrameBytes(1500, 1514)).toBe(1514);
  expect(() => v0FrameBytes(1500, 1515)).toThrow(
    expect.objectContaining({ code: 'FRAME_TOO_LARGE', fields: { frameBytes: 1515, mtuBytes: 1500 } }),
  );
});
