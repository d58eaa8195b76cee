import { describe, expect, test } from 'vitest';
import {
  captureFilter,
  DROP_ALL,
  type FilterInstruction,
  payloadSwitch,
  portFilter,
} from './socket-filter.ts';

/** Classic BPF as in linux/filter.h, as far as our programs go; a load beyond the frame drops it, as in the kernel. */
function runFilter(program: readonly FilterInstruction[], frame: Buffer): number {
  let accumulator = 0;
  let index = 0;
  const within = (at: number, bytes: number): boolean => at + bytes <= frame.length;
  for (let at = 0; at < program.length; at++) {
    const [code, jumpTrue, jumpFalse, k] = program[at] ?? [0, 0, 0, 0];
    const jump = (condition: boolean): void => void (at += condition ? jumpTrue : jumpFalse);
    if (code === 0x80) accumulator = frame.length;
    else if (code === 0x28 && within(k, 2)) accumulator = frame.readUInt16BE(k);
    else if (code === 0x30 && within(k, 1)) accumulator = frame.readUInt8(k);
    else if (code === 0x50 && within(index + k, 1)) accumulator = frame.readUInt8(index + k);
    else if (code === 0x48 && within(index + k, 2)) accumulator = frame.readUInt16BE(index + k);
    else if (code === 0xb1 && within(k, 1)) index = (frame.readUInt8(k) & 0x0f) * 4;
    else if (code === 0x15) jump(accumulator === k);
    else if (code === 0x35) jump(accumulator >= k);
    else if (code === 0x45) jump((accumulator & k) !== 0);
    else if (code === 0x06) return k;
    else return 0;
  }
  throw new Error('the program runs off its end');
}

interface FrameFields {
  readonly bytes?: number;
  readonly etherType?: number;
  readonly protocol?: number;
  readonly fragment?: number;
  readonly port?: number;
  /** IPv4 header length in words. */
  readonly words?: number;
}

function frameOf(fields: FrameFields = {}): Buffer {
  const {
    bytes = 100,
    etherType = 0x0800,
    protocol = 17,
    fragment = 0x4000,
    port = 1337,
    words = 5,
  } = fields;
  const frame = Buffer.alloc(bytes);
  frame.writeUInt16BE(etherType, 12);
  frame.writeUInt8(0x40 | words, 14);
  frame.writeUInt16BE(fragment, 20);
  frame.writeUInt8(protocol, 23);
  frame.writeUInt16BE(port, 14 + words * 4 + 2);
  return frame;
}

const passes = (fields: FrameFields): boolean => runFilter(portFilter(1337, 60, 1515), frameOf(fields)) > 0;

describe('the filter of a port', () => {
  test('lets the whole frame through', () => {
    expect(runFilter(portFilter(1337, 0, 70_000), frameOf())).toBeGreaterThanOrEqual(65_536);
  });

  test('is about the length of the frame', () => {
    expect([59, 60, 1514, 1515].map((bytes) => passes({ bytes }))).toEqual([false, true, true, false]);
  });

  test('lets only UDP over IPv4 through', () => {
    expect(passes({ etherType: 0x86dd })).toBe(false);
    expect(passes({ etherType: 0x8100 })).toBe(false);
    expect(passes({ protocol: 6 })).toBe(false);
  });

  test('lets only the port through, wherever the IPv4 options move it', () => {
    expect(passes({ port: 1336 })).toBe(false);
    expect(passes({ port: 1337 + 256 })).toBe(false);
    for (let words = 5; words <= 15; words++) {
      expect(passes({ words })).toBe(true);
      expect(passes({ words, port: 7 })).toBe(false);
    }
  });

  test('lets no later fragment through, whose bytes only look like a port', () => {
    expect(passes({ fragment: 0x2000 })).toBe(true);
    expect(passes({ fragment: 1 })).toBe(false);
    expect(passes({ fragment: 0x3fff })).toBe(false);
  });

  test('lets nothing through that is cut before the port', () => {
    for (let bytes = 0; bytes < 38; bytes++)
      expect(runFilter(portFilter(1337, 0, 1515), frameOf().subarray(0, bytes))).toBe(0);
  });
});

describe('the filter of a port and a byte of the payload', () => {
  const kept = (wanted: boolean, value: number, words = 5, bytes = 100): boolean => {
    const frame = frameOf({ words });
    frame.writeUInt8(value, 14 + words * 4 + 8 + 3);
    const program = portFilter(1337, 60, 1515, { at: 3, value: 1, wanted });
    return runFilter(program, frame.subarray(0, bytes)) > 0;
  };

  test('gives each frame to one of the two, wherever the IPv4 options move the payload', () => {
    for (let words = 5; words <= 15; words++) {
      expect([kept(true, 1, words), kept(false, 1, words)]).toEqual([true, false]);
      expect([kept(true, 2, words), kept(false, 2, words)]).toEqual([false, true]);
    }
  });

  test('tests everything else as before', () => {
    for (const wanted of [true, false]) {
      const program = portFilter(1337, 60, 1515, { at: 3, value: 1, wanted });
      const passing = frameOf();
      passing.writeUInt8(wanted ? 1 : 2, 45);
      expect(runFilter(program, passing)).toBeGreaterThanOrEqual(65_536);
      const others = [
        { bytes: 59 },
        { bytes: 1515 },
        { etherType: 0x86dd },
        { protocol: 6 },
        { fragment: 1 },
        { port: 7 },
      ];
      for (const fields of others) {
        const frame = frameOf(fields);
        frame.writeUInt8(wanted ? 1 : 2, 45);
        expect(runFilter(program, frame)).toBe(0);
      }
    }
  });
});

test('the switch of a port goes by a byte of the payload, and to the first socket without it', () => {
  const chosen = [[9, 9, 9, 1], [9, 9, 9, 2], [1, 1, 1], []].map((payload) =>
    runFilter(payloadSwitch(3, 1), Buffer.from(payload)),
  );
  expect(chosen).toEqual([1, 0, 0, 0]);
});

test('the filter of a reserved port drops everything', () => {
  expect(runFilter(DROP_ALL, frameOf())).toBe(0);
});

describe('the filter of a capture', () => {
  const kept = (fields: FrameFields & { readonly sourcePort?: number }, snapBytes = 262_144): number => {
    const frame = frameOf(fields);
    frame.writeUInt16BE(fields.sourcePort ?? 40_000, 14 + (fields.words ?? 5) * 4);
    return runFilter(captureFilter(1337, snapBytes), frame);
  };

  test.each<[string, FrameFields & { readonly sourcePort?: number }]>([
    ['to the port', { port: 1337 }],
    ['from the port', { port: 40_000, sourcePort: 1337 }],
    ['with IPv4 options', { port: 40_000, sourcePort: 1337, words: 7 }],
  ])('keeps what goes %s', (_what, fields) => {
    expect(kept(fields)).toBe(262_144);
    expect(kept(fields, 128)).toBe(128);
  });

  test.each<[string, FrameFields]>([
    ['another port', { port: 1338 }],
    ['TCP', { protocol: 6 }],
    ['IPv6', { etherType: 0x86dd }],
    ['a later fragment', { fragment: 0x0001 }],
  ])('leaves out %s', (_what, fields) => {
    expect(kept(fields)).toBe(0);
  });
});
