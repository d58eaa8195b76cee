// The file to move: random bytes, on a tmpfs where there is one with room.
import { randomFillSync } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Workload } from './contender.ts';

const TMPFS_MAGIC = 0x01021994;
const CHUNK_BYTES = 1 << 24;

export interface OwnedWorkload extends Workload {
  /** Removes the file and everything beside it. */
  remove(): void;
}

/** Makes a scratch directory and in it a file of `bytes` random bytes (any count). */
export function makeWorkload(bytes: number): OwnedWorkload {
  const memory = statfsSync('/dev/shm');
  const roomy = memory.type === TMPFS_MAGIC && memory.bavail * memory.bsize > bytes * 2;
  if (!roomy)
    console.error(`bench: /dev/shm is no tmpfs with room for twice ${bytes} bytes, using ${tmpdir()}`);
  const scratch = mkdtempSync(join(roomy ? '/dev/shm' : tmpdir(), 'zwire-bench-'));
  const path = join(scratch, 'source');
  const fd = openSync(path, 'w');
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let left = bytes; left > 0; left -= CHUNK_BYTES)
    writeSync(fd, randomFillSync(chunk), 0, Math.min(left, CHUNK_BYTES));
  closeSync(fd);
  return { path, bytes, scratch, remove: () => rmSync(scratch, { recursive: true, force: true }) };
}
