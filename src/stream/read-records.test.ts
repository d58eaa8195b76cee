// The stream as something that is iterated, and as something that is stood in the way of.
import { Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { expect, test } from 'vitest';
import { everyRecordStream, joined, packageStream, smallStream } from '../../test/sample-stream.ts';
import { readRecords, recordGate } from './read-records.ts';

function chunks(stream: Uint8Array, bytes: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(stream.length / bytes) }, (_, at) =>
    stream.slice(at * bytes, (at + 1) * bytes),
  );
}

test('records of an async source, and what it came to', async () => {
  const records = readRecords(Readable.from(chunks(packageStream(), 100)));
  const types: string[] = [];
  let result = await records.next();
  for (; result.done !== true; result = await records.next()) types.push(result.value.type);
  expect(types).toHaveLength(11);
  expect(result.value).toEqual({ bytes: packageStream().length, records: 11, complete: true });
});

test.each([1, 7, 312, 100_000])('a gate passes every byte, in chunks of %i', async (bytes) => {
  const stream = everyRecordStream();
  let passed = 0;
  const seen: [string, number, number][] = [];
  const gate = recordGate({
    onRecord: async (record) => {
      await Promise.resolve();
      seen.push([record.type, record.offset, passed]);
    },
  });
  const out: Uint8Array[] = [];
  for await (const piece of ReadableStream.from(chunks(stream, bytes)).pipeThrough(gate)) {
    passed += piece.length;
    out.push(piece);
  }
  expect(joined(out)).toEqual(stream);
  expect(seen.map(([type]) => type)).toHaveLength(11);
  for (const [, offset, before] of seen) expect(before).toBeLessThanOrEqual(offset);
});

test('END is held back until the gatekeeper agrees, and for good when he does not', async () => {
  const stream = smallStream();
  const gate = recordGate({
    onRecord: (record) => {
      if (record.type === 'END') throw new Error('no proof');
    },
  });
  const out: Uint8Array[] = [];
  const run = async (): Promise<void> => {
    for await (const piece of ReadableStream.from([stream]).pipeThrough(gate)) out.push(piece);
  };
  await expect(run()).rejects.toThrow('no proof');
  expect(joined(out).length).toBeLessThanOrEqual(stream.length - 312);
});

test('a truncated stream ends the gate with an error, not with an end', async () => {
  const gate = recordGate({ onRecord: () => undefined });
  const run = async (): Promise<void> => {
    for await (const piece of ReadableStream.from([smallStream().subarray(0, 1448)]).pipeThrough(gate))
      void piece;
  };
  await expect(run()).rejects.toMatchObject({ code: 'STREAM_TRUNCATED' });
});
