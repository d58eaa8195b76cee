import { describe, expect, test } from 'vitest';
import { attackDecoder, refused } from '../../test/hostile-harness.ts';
import { crc32 } from '../bytes/crc32.ts';
import {
  decodeV0,
  encodeV0Chunk,
  encodeV0End,
  encodeV0Preflight,
  v0ChunkDataBytes,
  type V0Message,
} from './v0.ts';

const DATA = Uint8Array.of(1, 2, 3, 4, 5);

function chunkOf(index: number, data: Uint8Array, previousCrc: number, transferId: number = 0): Uint8Array {
  const bytes = new Uint8Array(data.length + 13);
  encodeV0Chunk(bytes, transferId, index, data, previousCrc);
  return bytes;
}

function encode(message: V0Message): Uint8Array {
  if (message.type === 'preflight') return encodeV0Preflight(message.kind, message.transferId, message.name);
  if (message.type === 'end') return encodeV0End(message.transferId);
  const bytes = chunkOf(message.index, message.data, message.previousCrc, message.transferId);
  new DataView(bytes.buffer).setUint32(3, message.crc);
  return bytes;
}

describe('v0 messages', () => {
  test('the layout of the seed, byte for byte', () => {
    expect(Buffer.from(encodeV0Preflight('delta', 7, 'tank/é')).toString('hex')).toBe('02070774616e6b2fc3a9');
    expect(Buffer.from(encodeV0End(0)).toString('hex')).toBe('0400');
    const crc = crc32(DATA).toString(16).padStart(8, '0');
    expect(Buffer.from(chunkOf(254, DATA, 0xdeadbeef)).toString('hex')).toBe(
      `0300fe${crc}00050102030405deadbeef`,
    );
  });

  test('passes the hostile harness', () => {
    attackDecoder<V0Message>({
      name: 'v0',
      vectors: [
        encodeV0Preflight('dataset', 0, 'tank/data'),
        encodeV0Preflight('pool', 255, 'p'),
        encodeV0End(3),
        chunkOf(0, DATA, 0),
        chunkOf(254, new Uint8Array(0), 1),
      ],
      decode: (bytes) => {
        const message = decodeV0(bytes);
        if (message === undefined) throw refused('malformed');
        return message;
      },
      // Ethernet pads short frames, and the seed's lengths cannot be trusted: a message is cut by its own.
      trailing: 'ignored',
      check: (message) => {
        if (message.type === 'chunk') expect(message.index).toBeLessThan(255);
      },
      encode,
      aliases: true,
    });
  });

  test('a frame of the seed is taken with its faults: padding behind, no lengths around', () => {
    const payload = new Uint8Array(18); // what is left of a 60-byte frame
    payload.set(encodeV0End(0));
    expect(decodeV0(payload)).toEqual({ type: 'end', transferId: 0 });
    payload.set(encodeV0Preflight('pool', 0, 'tank'));
    expect(decodeV0(payload)).toEqual({ type: 'preflight', transferId: 0, kind: 'pool', name: 'tank' });
  });

  test('a name with control characters is no pre-flight', () => {
    expect(decodeV0(Uint8Array.of(0, 0, 2, 0x61, 0x1b))).toBeUndefined();
    expect(decodeV0(Uint8Array.of(0, 0, 2, 0x61, 0xff))).toBeUndefined();
  });

  test('names of 1 to 255 bytes fit', () => {
    expect(decodeV0(encodeV0Preflight('dataset', 0, 'x'.repeat(255)))).toMatchObject({
      name: 'x'.repeat(255),
    });
    for (const name of ['', 'é'.repeat(128)]) {
      expect(() => encodeV0Preflight('dataset', 0, name)).toThrow(
        expect.objectContaining({ code: 'NAME_TOO_LONG' }),
      );
    }
  });

  test('a chunk carries the frame size minus 55', () => {
    expect(v0ChunkDataBytes(1500)).toBe(1445);
    expect(v0ChunkDataBytes(9000)).toBe(8945);
    expect(() => v0ChunkDataBytes(55)).toThrow(expect.objectContaining({ code: 'MTU_TOO_SMALL' }));
  });
});
