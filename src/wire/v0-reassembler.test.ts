import { describe, expect, test } from 'vitest';
import { decodeV0, encodeV0End, encodeV0Preflight, type V0Message } from './v0.ts';
import { V0Chunker } from './v0-chunker.ts';
import { type V0Outcome, V0Reassembler } from './v0-reassembler.ts';

function message(bytes: Uint8Array): V0Message {
  const decoded = decodeV0(bytes);
  if (decoded === undefined) throw new Error('malformed');
  return decoded;
}

/** The messages of a transfer as the seed sends them, the chunks apart. */
function chunksOf(count: number, dataOf: (i: number) => Uint8Array): V0Message[] {
  const chunker = new V0Chunker();
  return Array.from({ length: count }, (_, i) => {
    const data = dataOf(i);
    const out = new Uint8Array(data.length + 20);
    return message(out.subarray(0, chunker.next(out, data)));
  });
}

const PREFLIGHT = message(encodeV0Preflight('dataset', 0, 'tank/data'));
const END = message(encodeV0End(0));
const distinct = (i: number): Uint8Array => Uint8Array.of(i & 255, i >> 8, 1);
const equal = (): Uint8Array => new Uint8Array(3);

function outcomes(messages: readonly V0Message[]): V0Outcome[] {
  const reassembler = new V0Reassembler();
  return messages.map((m) => reassembler.push(m));
}

describe('V0Reassembler', () => {
  test('takes what the seed sends: three pre-flights, chunks past two turns of the index, three ends', () => {
    const chunks = chunksOf(600, distinct);
    expect(outcomes([PREFLIGHT, PREFLIGHT, PREFLIGHT, ...chunks, END, END, END])).toEqual([
      'begin',
      'duplicate',
      'duplicate',
      ...chunks.map(() => 'deliver'),
      'end',
      'duplicate',
      'duplicate',
    ]);
  });

  test('the data of the delivered chunks is the stream', () => {
    const reassembler = new V0Reassembler();
    const delivered: number[] = [];
    for (const m of [PREFLIGHT, ...chunksOf(300, distinct)]) {
      if (reassembler.push(m) === 'deliver' && m.type === 'chunk') delivered.push(...m.data);
    }
    expect(delivered).toEqual(Array.from({ length: 300 }, (_, i) => [...distinct(i)]).flat());
    expect(reassembler.chunks).toBe(300);
    expect(reassembler.current).toMatchObject({ name: 'tank/data' });
  });

  test('a chunk that comes twice, or late again, is ignored', () => {
    const chunks = chunksOf(20, distinct);
    const again = [...chunks.slice(0, 20), ...chunks.slice(12, 20)];
    expect(outcomes([PREFLIGHT, ...again]).slice(21)).toEqual(chunks.slice(12, 20).map(() => 'duplicate'));
  });

  test.each([1, 2, 100, 254, 255, 256, 510])(
    '%i missing chunks are a gap, and the transfer is given up',
    (missing) => {
      const chunks = chunksOf(600, distinct);
      const rest = [...chunks.slice(0, 5), ...chunks.slice(5 + missing)];
      const got = outcomes([PREFLIGHT, ...rest, END]);
      expect(got.slice(1, 6)).toEqual(['deliver', 'deliver', 'deliver', 'deliver', 'deliver']);
      expect(got[6]).toBe('gap');
      expect(new Set(got.slice(7))).toEqual(new Set(['stray']));
    },
  );

  test.each([1, 2, 100, 246])('%i missing chunks of equal data are a gap too', (missing) => {
    const chunks = chunksOf(600, equal);
    const got = outcomes([PREFLIGHT, ...chunks.slice(0, 300), ...chunks.slice(300 + missing)]);
    expect(got[301]).toBe('gap');
  });

  test('a missing first chunk is a gap', () => {
    expect(outcomes([PREFLIGHT, ...chunksOf(3, distinct).slice(1)])).toEqual(['begin', 'gap', 'stray']);
    // Of 255 lost chunks only the chain of checksums tells.
    expect(outcomes([PREFLIGHT, ...chunksOf(300, distinct).slice(255)])[1]).toBe('gap');
  });

  test('the chunks of an earlier transfer are not repeated by a later one', () => {
    const chunks = chunksOf(300, distinct);
    const got = outcomes([PREFLIGHT, ...chunks, END, PREFLIGHT, ...chunks.slice(250)]);
    expect(got.slice(302, 304)).toEqual(['begin', 'gap']);
  });

  test('a damaged chunk is corrupt, and the transfer is given up', () => {
    const chunks = chunksOf(3, distinct);
    const damaged = chunks.map((m, i) =>
      i === 1 && m.type === 'chunk' ? { ...m, data: Uint8Array.of(9) } : m,
    );
    expect(outcomes([PREFLIGHT, ...damaged, END])).toEqual(['begin', 'deliver', 'corrupt', 'stray', 'stray']);
  });

  test('the sink is opened anew when a pre-flight follows an end, a gap or an interrupted transfer', () => {
    const chunks = chunksOf(3, distinct);
    expect(outcomes([PREFLIGHT, ...chunks, END, PREFLIGHT, ...chunks, END])).toEqual([
      'begin',
      'deliver',
      'deliver',
      'deliver',
      'end',
      'begin',
      'deliver',
      'deliver',
      'deliver',
      'end',
    ]);
    expect(outcomes([PREFLIGHT, ...chunks.slice(1), PREFLIGHT, ...chunks]).slice(3)).toEqual([
      'begin',
      'deliver',
      'deliver',
      'deliver',
    ]);
    expect(outcomes([PREFLIGHT, ...chunks, PREFLIGHT, ...chunks]).slice(4)).toEqual([
      'begin',
      'deliver',
      'deliver',
      'deliver',
    ]);
  });

  test('a pre-flight for something else starts that', () => {
    const other = message(encodeV0Preflight('dataset', 0, 'tank/other'));
    expect(outcomes([PREFLIGHT, other, END])).toEqual(['begin', 'begin', 'end']);
  });

  test('what belongs to no transfer is stray', () => {
    const chunks = chunksOf(1, distinct);
    expect(outcomes([...chunks, END])).toEqual(['stray', 'stray']);
    expect(outcomes([PREFLIGHT, message(encodeV0End(5))])).toEqual(['begin', 'stray']);
    expect(outcomes([PREFLIGHT, END, ...chunks])).toEqual(['begin', 'end', 'stray']);
  });
});
