import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { Duplex } from 'node:stream';
import { decodeResumeToken, readRecords, recordGate, StreamSummary } from '../../src/stream.ts';

/** What a stream in a file holds: the name of each snapshot, and how many blocks come with it. */
export async function blocksBySnapshot(file: string): Promise<Map<string, number>> {
  const blocks = new Map<string, number>();
  const summary = new StreamSummary();
  for await (const record of readRecords(createReadStream(file))) {
    const ended = summary.add(record);
    if (ended?.begin.kind === 'substream') {
      blocks.set(ended.begin.toName, ended.records.WRITE?.records ?? 0);
    }
  }
  return blocks;
}

/** Copies a stream; of one that is not raw, not a single byte. END waits for `proof`. */
export async function copyRawOnly(from: string, to: string, proof: () => Promise<void>): Promise<void> {
  const gate = recordGate({
    async onRecord(record) {
      if (record.type === 'BEGIN' && !record.begin.features.includes('raw')) {
        throw new Error(`${record.begin.toName} would leave this host in clear`);
      }
      if (record.type === 'END') await proof();
    },
  });
  await pipeline(createReadStream(from), Duplex.fromWeb(gate), createWriteStream(to));
}

/** How far an interrupted receive has come. */
export function receivedBytes(token: string): bigint {
  return decodeResumeToken(token).bytes;
}
