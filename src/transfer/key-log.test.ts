import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PAYLOAD_SECRET_BYTES } from '../seal/noise.ts';
import { openSuiteKeys, sessionKeys } from '../seal/session-keys.ts';
import { logHandshake, logKeys, unlogged } from './key-log.ts';

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

test('what opens a keyed announcement goes before the keys, and is then forgotten', () => {
  const directory = mkdtempSync(join(tmpdir(), 'zwire-key-log-'));
  const path = join(directory, 'keys.log');
  const keys = sessionKeys('chacha20-poly1305', new Uint8Array(96).fill(1), SALT);
  const payloadSecret = new Uint8Array(PAYLOAD_SECRET_BYTES).fill(0xa1, 0, 32).fill(0xb2, 32);
  const file = openSync(path, 'a');
  try {
    const keyed = { senderKey: SALT, announce: SALT, joinClear: undefined, payloadSecret };
    expect(unlogged(file, ID, { keys, keyed })).toBeUndefined();
    const [handshake, session] = readFileSync(path, 'utf8').split('\n');
    const [key, hash] = ['a1'.repeat(32), 'b2'.repeat(32)];
    expect(handshake).toBe(`zwire-handshake1 00123456fffffff0 chacha20-poly1305 ${key} ${hash}`);
    expect(session).toMatch(/^zwire-keys1 /);
    expect(payloadSecret).toEqual(new Uint8Array(PAYLOAD_SECRET_BYTES));
  } finally {
    closeSync(file);
    rmSync(directory, { recursive: true });
  }
});

test('a log that cannot be written ends a sender, and makes a receiver refuse', () => {
  const file = openSync('/dev/full', 'a');
  try {
    const keys = openSuiteKeys(SALT);
    const payloadSecret = new Uint8Array(PAYLOAD_SECRET_BYTES).fill(9);
    const keyed = { senderKey: SALT, announce: SALT, joinClear: undefined, payloadSecret };
    const unwritable = expect.objectContaining({ code: 'FILE_UNWRITABLE' });
    expect(() => logKeys(file, ID, keys.data)).toThrow(unwritable);
    expect(() => logHandshake(file, ID, 'aes-256-gcm', payloadSecret)).toThrow(unwritable);
    expect(payloadSecret).toEqual(new Uint8Array(PAYLOAD_SECRET_BYTES));
    for (const visitor of [
      { keys, keyed: undefined },
      { keys, keyed },
    ]) {
      expect(unlogged(file, ID, visitor)).toMatchObject({
        code: 'SINK',
        message: expect.stringMatching(/ENOSPC/),
      });
      expect(unlogged(undefined, ID, visitor)).toBeUndefined();
    }
  } finally {
    closeSync(file);
  }
});
