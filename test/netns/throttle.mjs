// Copies standard input to standard output no faster than throttle.mjs BYTES_A_SECOND, and never makes up for time in
// which nothing came. Stands for a slow disk.
import { readSync, writeSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

const STEP_MS = 5;
const rate = Number(process.argv[2]);
const chunk = Buffer.alloc(Math.ceil((rate * STEP_MS) / 1000));
for (let dueMs = 0; ; ) {
  const bytes = readSync(0, chunk, 0, chunk.length, null);
  if (bytes === 0) break;
  for (let written = 0; written < bytes; ) written += writeSync(1, chunk, written, bytes - written);
  dueMs = Math.max(dueMs, performance.now()) + (bytes * 1000) / rate;
  await setTimeout(Math.max(0, dueMs - performance.now()));
}
