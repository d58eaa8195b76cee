import { expect, test } from 'vitest';
import { CHUNK_BYTES_MAX, ChunkAssembler, chunkHeader } from './chunk-frames.ts';

const CHUNKS = [1, 4, 5, 63, 64].map((bytes, n) => new Uint8Array(bytes).fill(n + 1));
const STREAM = Buffer.concat(CHUNKS.flatMap((chunk) => [chunkHeader(chunk.length), chunk]));

function assemble(pieces: Iterable<Uint8Array>): Uint8Array[] {
  const assembler = new ChunkAssembler();
  const found: Uint8Array[] = [];
  for (const piece of pieces) {
    const own = Uint8Array.from(piece);
    found.push(...assembler.push(own));
    own.fill(0xee); // a piece may be used again
  }
  assembler.end();
  return found;
}

test('chunks keep their edges, wherever the stream is cut', () => {
  expect(assemble([STREAM])).toEqual(CHUNKS);
  for (let at = 0; at <= STREAM.length; at += 1) {
    expect(assemble([STREAM.subarray(0, at), STREAM.subarray(at)])).toEqual(CHUNKS);
  }
  expect(assemble(Array.from(STREAM, (byte) => Uint8Array.of(byte)))).toEqual(CHUNKS);
});

test('a stream that ends within a chunk is damaged', () => {
  const edges = new Set([0]);
  let edge = 0;
  for (const chunk of CHUNKS) edges.add((edge += 4 + chunk.length));
  for (let at = 0; at <= STREAM.length; at += 1) {
    const cut = (): unknown => assemble([STREAM.subarray(0, at)]);
    if (edges.has(at)) cut();
    else expect(cut).toThrow(expect.objectContaining({ code: 'WIRE_MALFORMED' }));
  }
});

test('a length that no sender states is refused before memory is taken for it', () => {
  for (const length of [0, CHUNK_BYTES_MAX + 1, 0xffffffff]) {
    const header = Buffer.alloc(4);
    header.writeUInt32BE(length);
    expect(() => [...new ChunkAssembler().push(header)]).toThrow(
      expect.objectContaining({ code: 'WIRE_MALFORMED' }),
    );
  }
  expect(() => chunkHeader(CHUNK_BYTES_MAX + 1)).toThrow(expect.objectContaining({ code: 'SOURCE_FAILED' }));
  expect([...chunkHeader(CHUNK_BYTES_MAX)]).toEqual([1, 0, 0, 0]);
});
