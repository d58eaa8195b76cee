/**
 * Writes content that shows misplacement, and sums up what a tree or a device holds.
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  lstatSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

const BLOCK_BYTES = 2 ** 20;
const STAMP_EVERY_BYTES = 4096;

/**
 * Writes pseudo-random bytes, the same for the same seed. Incompressible, and every 4 KiB carries its own
 * position, so that a block that lands elsewhere changes the sum.
 *
 * @param {string} path a file or a block device
 * @param {number} bytes
 * @param {number} [seed]
 */
export function writeContent(path, bytes, seed = 1) {
  const block = new Uint32Array(BLOCK_BYTES / 4);
  let state = (seed * 2654435761) >>> 0 || 1;
  for (let index = 0; index < block.length; index += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    block[index] = state;
  }
  const view = new DataView(block.buffer);
  const fd = openSync(path, 'w');
  try {
    for (let written = 0; written < bytes; ) {
      for (let offset = 0; offset < BLOCK_BYTES; offset += STAMP_EVERY_BYTES) {
        view.setFloat64(offset, written + offset);
      }
      written += writeSync(fd, view, 0, Math.min(BLOCK_BYTES, bytes - written));
    }
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * @param {string} path a file or a block device
 * @returns {string} hexadecimal SHA-1 (chosen for its speed under emulation: nobody attacks this)
 */
export function hashFile(path) {
  const hash = createHash('sha1');
  const buffer = Buffer.alloc(BLOCK_BYTES);
  const fd = openSync(path, 'r');
  try {
    for (;;) {
      const count = readSync(fd, buffer, 0, BLOCK_BYTES, null);
      if (count === 0) return hash.digest('hex');
      hash.update(count === BLOCK_BYTES ? buffer : buffer.subarray(0, count));
    }
  } finally {
    closeSync(fd);
  }
}

/**
 * @param {string} root
 * @returns {string} a line for each entry below: path, kind, permissions, size and checksum or link target
 */
export function hashTree(root) {
  /** @type {string[]} */
  const lines = [];
  const walk = (/** @type {string} */ relative) => {
    for (const name of readdirSync(join(root, relative)).sort()) {
      const path = join(relative, name);
      const found = lstatSync(join(root, path));
      const head = `${path} ${(found.mode & 0o7777).toString(8)} ${Math.trunc(found.mtimeMs)}`;
      if (found.isDirectory()) {
        lines.push(`${head} directory`);
        walk(path);
      } else if (found.isSymbolicLink()) lines.push(`${head} -> ${readlinkSync(join(root, path))}`);
      else if (found.isFile()) lines.push(`${head} ${found.size} ${hashFile(join(root, path))}`);
      else lines.push(`${head} special`);
    }
  };
  walk('');
  return lines.join('\n');
}
