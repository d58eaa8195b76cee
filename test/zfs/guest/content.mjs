/**
 * Writes content that shows misplacement, and sums up what a tree or a device holds.
 */
import { createHash, randomFillSync } from 'node:crypto';
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

/**
 * Writes random bytes: incompressible, and no two blocks alike, so that a block that lands elsewhere changes
 * the sum. Generated and written natively; loops in JavaScript crawl under emulation.
 *
 * @param {string} path a file or a block device
 * @param {number} bytes
 */
export function writeContent(path, bytes) {
  const block = Buffer.alloc(Math.min(BLOCK_BYTES, bytes));
  const fd = openSync(path, 'w');
  try {
    for (let written = 0; written < bytes; ) {
      written += writeSync(fd, randomFillSync(block), 0, Math.min(block.length, bytes - written));
    }
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * @param {string} path a file or a block device
 * @returns {string} hexadecimal MD5: nobody attacks this, and under emulation it is the fastest by far
 */
export function hashFile(path) {
  const hash = createHash('md5');
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
