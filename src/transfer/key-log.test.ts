import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSuiteKeys, sessionKeys } from '../seal/session-keys.ts';
import { logKeys, unlogged } from './key-log.ts';

const ID = { transferIdHigh: 0x0012_3456, transferIdLow: 0xffff_fff0 };
const SALT = new Uint8Array(32).fill(7);

test('a line for each transfer, behind what is there', () => {
  const directory = mkdtempSync(join(tmpdir(), 'zwire-key-log-'));
  const path = join(directory, 'keys.log');
  const keys = sessionKeys('chacha20-poly1305', new Uint8Array(96).fill(1), SALT);
  try {
    for (const { data } of [keys, openSuiteKeys(SALT)]) {
      const file = openSync(path, 'a');
      logKeys(file, ID, data);
      closeSync(file);
    }
    const [first, second, ...rest] = readFileSync(path, 'utf8').split('\n');
    const secret = Buffer.from(keys.data.epochSecret).toString('hex');
    expect(first).toBe(`zwire-keys1 00123456fffffff0 chacha20-poly1305 ${secret}`);
    expect(second).toMatch(/^zwire-keys1 00123456fffffff0 aes-256-gcm [0-9a-f]{64}$/);
    expect(rest).toEqual(['']);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('a log that cannot be written ends a sender, and makes a receiver refuse', () => {
  const file = openSync('/dev/full', 'a');
  try {
    const { data } = openSuiteKeys(SALT);
    expect(() => logKeys(file, ID, data)).toThrow(expect.objectContaining({ code: 'FILE_UNWRITABLE' }));
    expect(unlogged(file, ID, data)).toMatchObject({
      code: 'SINK',
      message: expect.stringMatching(/ENOSPC/),
    });
    expect(unlogged(undefined, ID, data)).toBeUndefined();
  } finally {
    closeSync(file);
  }
});
