// The secrets of transfers for whoever is to read a capture of them (lua/key-log.lua): a line for each, like browsers
// write them for Wireshark. Everything that was sent can be read with it.
//
//   zwire-keys1 TRANSFER CIPHER SECRET
//
// TRANSFER: 16 hex digits; CIPHER: aes-256-gcm or chacha20-poly1305; SECRET: that of the first epoch, 64 hex digits,
// from which all keys follow (docs/protocol.md, "Keys of a transfer").
import { writeSync } from 'node:fs';
import { ZwireError } from '../bytes/zwire-error.ts';
import type { TransferId } from '../seal/handshake.ts';
import type { DataKeys } from '../seal/session-keys.ts';
import type { Refusal } from './refusals.ts';

/**
 * Appends a transfer to `file`, a descriptor that is open for appending, or does nothing without one. `keys` are those
 * of the first epoch. The line is written whole, so that several processes may share a file.
 * @throws ZwireError FILE_UNWRITABLE
 */
export function logKeys(file: number | undefined, id: TransferId, keys: DataKeys): void {
  if (file === undefined) return;
  const hex = (word: number): string => word.toString(16).padStart(8, '0');
  const transfer = hex(id.transferIdHigh) + hex(id.transferIdLow);
  const secret = Buffer.from(keys.epochSecret).toString('hex');
  try {
    writeSync(file, `zwire-keys1 ${transfer} ${keys.cipher} ${secret}\n`);
  } catch (error) {
    throw new ZwireError('FILE_UNWRITABLE', `the key log cannot be written: ${String(error)}`, {
      cause: error,
    });
  }
}

/** Logs the keys of a transfer that comes in; one whose keys cannot be written down as was asked for is refused. */
export function unlogged(file: number | undefined, id: TransferId, keys: DataKeys): Refusal | undefined {
  try {
    logKeys(file, id, keys);
    return undefined;
  } catch (error) {
    return { code: 'SINK', message: error instanceof Error ? error.message : String(error) };
  }
}
