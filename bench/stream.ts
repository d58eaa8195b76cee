// Reading a send stream of 1 GiB from memory, every checksum verified. CPU time of the process (user and system) is
// what counts: other programs on the machine make wall time longer, and this one no slower.
import { createJsKernel } from '../src/stream/fletcher4-js.ts';
import { Fletcher4 } from '../src/stream/fletcher4.ts';
import { StreamReader } from '../src/stream/stream-reader.ts';
import { StreamWriter } from '../src/stream/stream-writer.ts';

const GIB = 2 ** 30;
const MIB = 2 ** 20;
/** As a pipe or a file is read. */
const CHUNK_BYTES = MIB;
const ROUNDS = 3;

interface Case {
  readonly name: string;
  readonly bytes: number;
  readonly blockBytes: number;
  readonly littleEndian: boolean;
}

const CASES: readonly Case[] = [
  { name: 'blocks of 128 KiB', bytes: GIB, blockBytes: 128 * 1024, littleEndian: true },
  { name: 'blocks of 128 KiB, big-endian', bytes: GIB, blockBytes: 128 * 1024, littleEndian: false },
  { name: 'blocks of 16 KiB', bytes: GIB, blockBytes: 16 * 1024, littleEndian: true },
  { name: 'blocks of 4 KiB', bytes: 256 * MIB, blockBytes: 4096, littleEndian: true },
  { name: 'records without payload', bytes: 64 * MIB, blockBytes: 0, littleEndian: true },
];

/** A stream of one file, in one piece of memory. */
function makeStream({ bytes, blockBytes, littleEndian }: Case): Uint8Array {
  const stream = new Uint8Array(bytes);
  const payload = Uint8Array.from({ length: blockBytes }, (_, at) => (at * 2_654_435_761) >>> 13);
  const writer = new StreamWriter(littleEndian);
  let at = 0;
  const put = (record: Uint8Array): void => {
    stream.set(record, at);
    at += record.length;
  };
  put(writer.begin({ toName: 'tank/data@monday', toGuid: 1n, flags: 4 }));
  const blocks = Math.floor((bytes - 3 * 312) / (blockBytes + 312));
  for (let index = 0; index < blocks; index++) {
    const block = BigInt(index);
    const offset = block * BigInt(blockBytes);
    if (blockBytes === 0) put(writer.record('FREE', { object: 2n, offset: block * 512n, length: 512n }));
    else put(writer.record('WRITE', { object: 2n, offset, logicalBytes: BigInt(blockBytes) }, payload));
  }
  put(writer.end(1n));
  return stream.subarray(0, at);
}

/** CPU seconds and records of one reading. */
function readOnce(stream: Uint8Array): { readonly cpuSeconds: number; readonly records: number } {
  const before = process.cpuUsage();
  const reader = new StreamReader();
  for (let at = 0; at < stream.length; at += CHUNK_BYTES) {
    for (const record of reader.read(stream.subarray(at, at + CHUNK_BYTES))) void record;
  }
  const { records } = reader.finish();
  const { user, system } = process.cpuUsage(before);
  return { cpuSeconds: (user + system) / 1e6, records };
}

function measure(item: Case): void {
  const stream = makeStream(item);
  readOnce(stream); // compiles
  globalThis.gc?.();
  const residentBefore = process.memoryUsage.rss();
  let residentMax = residentBefore;
  let best = { cpuSeconds: Infinity, records: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    const result = readOnce(stream);
    residentMax = Math.max(residentMax, process.memoryUsage.rss());
    if (result.cpuSeconds < best.cpuSeconds) best = result;
  }
  const rate = stream.length / GIB / best.cpuSeconds;
  const growth = (residentMax - residentBefore) / MIB;
  const microseconds = (best.cpuSeconds * 1e6) / best.records;
  console.log(
    `${item.name.padEnd(32)} ${rate.toFixed(2).padStart(6)} GiB/s  ${microseconds.toFixed(2).padStart(7)} us a record` +
      `  memory grew by ${growth.toFixed(1)} MiB`,
  );
}

function measureJavaScript(): void {
  const bytes = new Uint8Array(64 * MIB).fill(7);
  const sum = new Fletcher4(true, createJsKernel(true));
  sum.update(bytes);
  const before = process.cpuUsage();
  sum.update(bytes);
  const { user, system } = process.cpuUsage(before);
  const rate = bytes.length / GIB / ((user + system) / 1e6);
  console.log(`fletcher4 without WebAssembly    ${rate.toFixed(2).padStart(6)} GiB/s`);
}

export function main(): void {
  console.log(`Node ${process.version}; best of ${ROUNDS}; rates are of CPU time, user and system`);
  for (const item of CASES) measure(item);
  measureJavaScript();
}
