// Streams that OpenZFS made (test/fixtures/send-streams): taken whole, and refused when anything in them is changed.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { ZwireError } from '../src/bytes/zwire-error.ts';
import { BeginRecord, StreamReader, streamKinds } from '../src/stream.ts';

function realStream(name: string): Uint8Array {
  return gunzipSync(readFileSync(new URL(`fixtures/send-streams/${name}.gz`, import.meta.url)));
}

/** `kinds` of each BEGIN; the result of the whole. */
function read(stream: Uint8Array): { kinds: string[]; records: number; bytes: number; verified: number } {
  const reader = new StreamReader({ partial: true });
  const kinds: string[] = [];
  let verified = 0;
  for (const record of reader.read(stream)) {
    if (record instanceof BeginRecord) kinds.push(streamKinds(record.begin).join(' '));
    if (record.checksum === 'verified') verified += 1;
  }
  const { records, bytes } = reader.finish();
  return { kinds, records, bytes, verified };
}

test.each([
  ['clone', ['clone'], 16, 137_808, 15],
  ['increment', ['incremental'], 37, 19_272, 36],
  ['all-between', ['package', 'incremental'], 40, 20_208, 36],
  ['raw-increment', ['incremental raw'], 10, 4980, 9],
  ['raw-encrypted', ['full raw'], 33, 19_132, 32],
  ['raw-replication', ['package', 'full raw', 'incremental raw'], 46, 25_680, 41],
  ['holds', ['package', 'full'], 50, 452_940, 46],
  ['large-blocks', ['full'], 32, 2_144_104, 31],
  ['resumed', ['full resumed'], 28, 2_142_440, 27],
  ['saved', ['full'], 9, 1_052_336, 8],
] as const)('%s', (name, kinds, records, bytes, verified) => {
  expect(read(realStream(name))).toEqual({ kinds, records, bytes, verified });
});

test('a raw increment names the IV set that it follows', () => {
  const begins = [...new StreamReader().read(realStream('raw-replication'))].flatMap((record) =>
    record instanceof BeginRecord ? [record.begin] : [],
  );
  const [, first, second] = begins;
  expect(first?.ivsetGuids?.from).toBeUndefined();
  expect(second?.ivsetGuids?.from).toBe(first?.ivsetGuids?.to);
  expect(second?.fromGuid).toBe(first?.toGuid);
});

test.each(['raw-increment', 'all-between'])('%s: a bit flipped in any tenth byte is found', (name) => {
  const stream = realStream(name);
  for (let at = 0; at < stream.length; at += 10) {
    const damaged = stream.slice();
    damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
    let error: unknown;
    try {
      read(damaged);
    } catch (thrown) {
      error = thrown;
    }
    // The END of a package is behind the last checksum: only what a reader uses of it is checked.
    if (error === undefined && name === 'all-between' && at >= stream.length - 312) continue;
    if (!(error instanceof ZwireError)) throw new Error(`byte ${at}: ${String(error)}`);
    expect(error.code).toMatch(/^(?:STREAM|NVLIST)_/);
  }
});
