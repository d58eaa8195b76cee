// The harness must find what it is for: each test gives it a decoder with one fault.
import { describe, expect, test } from 'vitest';
import { malformed } from '../src/bytes/byte-reader.ts';
import { attackDecoder, attackSplits, type HostileSubject, refused } from './hostile-harness.ts';

/** A sound decoder: length (1), that many bytes, nothing after. */
function decodeSound(bytes: Uint8Array): number[] {
  const count = bytes[0];
  if (count === undefined || count !== bytes.length - 1) throw malformed('length', 0);
  return [...bytes.subarray(1)];
}

const SOUND: HostileSubject<unknown> = {
  name: 'sound',
  vectors: [Uint8Array.of(3, 1, 2, 3), Uint8Array.of(0)],
  decode: decodeSound,
  trailing: 'refused',
};

describe('attackDecoder', () => {
  test('lets a sound decoder pass', () => {
    attackDecoder(SOUND);
  });

  const faulty: Record<string, Partial<HostileSubject<unknown>>> = {
    'refuses its vector': { vectors: [Uint8Array.of(9)] },
    'truncated to': { decode: (bytes) => (bytes[0] === 3 ? [3] : decodeSound(bytes)) },
    'trailing bytes': { decode: (bytes) => decodeSound(bytes.subarray(0, 1 + (bytes[0] ?? 0))) },
    'reads the tail': {
      trailing: 'ignored',
      vectors: [Uint8Array.of(1, 7)],
      decode: (bytes) => {
        if (bytes.length < 2) throw malformed('length', 0);
        return bytes.length;
      },
    },
    'throws RangeError': {
      decode: (bytes) => {
        if (bytes[0] === 2) throw new RangeError('out of range');
        return decodeSound(bytes);
      },
    },
    'refers to its input': {
      decode: (bytes) => {
        decodeSound(bytes);
        return bytes.subarray(1);
      },
    },
    'depends on what surrounds': {
      decode: (bytes) => [
        ...decodeSound(bytes),
        new Uint8Array(bytes.buffer)[bytes.byteOffset + bytes.length],
      ],
    },
    'out of bounds': {
      check: (value) => {
        if (Array.isArray(value) && value.includes(130)) throw new Error('out of bounds');
      },
    },
    'encodes to another message': {
      encode: (value) => Uint8Array.of(1, Array.isArray(value) ? value.length : 0),
    },
  };
  for (const [complaint, fault] of Object.entries(faulty)) {
    test(`finds a decoder that ${complaint}`, () => {
      expect(() => attackDecoder({ ...SOUND, ...fault })).toThrow(complaint);
    });
  }

  test('counts a returned reason as a refusal', () => {
    attackDecoder({
      ...SOUND,
      decode: (bytes) => {
        if (bytes[0] !== bytes.length - 1) throw refused('length');
        return [...bytes];
      },
    });
  });
});

describe('attackSplits', () => {
  /** Sums pairs of bytes. */
  class Pairs {
    #odd: number | undefined;
    readonly #sums: number[] = [];
    push(bytes: Uint8Array): void {
      for (const byte of bytes) {
        if (this.#odd === undefined) this.#odd = byte;
        else {
          this.#sums.push(this.#odd + byte);
          this.#odd = undefined;
        }
      }
    }
    finish(): unknown {
      return this.#sums;
    }
  }

  test('lets a decoder that keeps its state between pieces pass', () => {
    attackSplits(
      { name: 'pairs', create: () => new Pairs() },
      Uint8Array.from({ length: 40 }, (_, i) => i),
    );
  });

  test('finds a decoder that forgets the end of a piece', () => {
    const create = (): { push(bytes: Uint8Array): void; finish(): unknown } => {
      const sums: number[] = [];
      return {
        push: (bytes) => {
          for (let i = 0; i + 1 < bytes.length; i += 2) sums.push((bytes[i] ?? 0) + (bytes[i + 1] ?? 0));
        },
        finish: () => sums,
      };
    };
    expect(() => attackSplits({ name: 'forgetful', create }, Uint8Array.of(1, 2, 3, 4))).toThrow('forgetful');
  });

  test('finds a decoder that keeps a view of a piece', () => {
    const create = (): { push(bytes: Uint8Array): void; finish(): unknown } => {
      const pieces: Uint8Array[] = [];
      return {
        push: (bytes) => void pieces.push(bytes),
        finish: () => pieces.flatMap((piece) => [...piece]),
      };
    };
    expect(() => attackSplits({ name: 'aliasing', create }, Uint8Array.of(1, 2, 3, 4))).toThrow('aliasing');
  });
});
