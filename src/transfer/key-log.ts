// The secrets of transfers for whoever is to read a capture of them (lua/key-log.lua): lines for each, like browsers
// write them for Wireshark. Everything that was sent can be read with them.
//
//   zwire-handshake1 TRANSFER CIPHER KEY HASH
//   zwire-keys1 TRANSFER CIPHER SECRET
//
// TRANSFER: 16 hex digits; CIPHER: aes-256-gcm or chacha20-poly1305. KEY and HASH, 64 hex digits each, open the body of
// a keyed ANNOUNCE: key and associated data of Noise's first payload, whose nonce is 0. SECRET, 64 hex digits: that of
// the first epoch, from which all keys of the transfer follow (docs/protocol.md, "Keys of a transfer").
import { writeSync } from 'node:fs';
import { ZwireError } from '../bytes/zwire-error.ts';
import type { Cipher } from '../seal/cipher.ts';
import type { TransferId } from '../seal/handshake.ts';
import { KEY_BYTES } from '../seal/key-pair.ts';
import type { DataKeys } from '../seal/session-keys.ts';
import type { Visitor } from './doorkeeper.ts';
import type { Refusal } from './refusals.ts';

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

/** The line is written whole, so that several processes may share a file. */
function append(
  file: number,
  kind: string,
  id: TransferId,
  cipher: Cipher,
  secrets: readonly string[],
): void {
  const word = (half: number): string => half.toString(16).padStart(8, '0');
  const transfer = word(id.transferIdHigh) + word(id.transferIdLow);
  try {
    writeSync(file, `${[kind, transfer, cipher, ...secrets].join(' ')}\n`);
  } catch (error) {
    throw new ZwireError('FILE_UNWRITABLE', `the key log cannot be written: ${String(error)}`, {
      cause: error,
    });
  }
}

/**
 * Appends a transfer to `file`, a descriptor that is open for appending, or does nothing without one. `keys` are those
 * of the first epoch.
 * @throws ZwireError FILE_UNWRITABLE
 */
export function logKeys(file: number | undefined, id: TransferId, keys: DataKeys): void {
  if (file !== undefined) append(file, 'zwire-keys1', id, keys.cipher, [hex(keys.epochSecret)]);
}

/**
 * Appends what opens a keyed ANNOUNCE, where there is a file and such a secret (seal/noise.ts), and wipes the secret.
 * @throws ZwireError FILE_UNWRITABLE
 */
export function logHandshake(
  file: number | undefined,
  id: TransferId,
  cipher: Cipher,
  payloadSecret: Uint8Array | undefined,
): void {
  if (payloadSecret === undefined) return;
  const key = payloadSecret.subarray(0, KEY_BYTES);
  const hash = payloadSecret.subarray(KEY_BYTES);
  try {
    if (file !== undefined) append(file, 'zwire-handshake1', id, cipher, [hex(key), hex(hash)]);
  } finally {
    payloadSecret.fill(0);
  }
}

/** Logs a transfer that comes in; one whose keys cannot be written down as was asked for is refused. */
export function unlogged(
  file: number | undefined,
  id: TransferId,
  { keys, keyed }: Pick<Visitor, 'keys' | 'keyed'>,
): Refusal | undefined {
  try {
    logHandshake(file, id, keys.data.cipher, keyed?.payloadSecret);
    logKeys(file, id, keys.data);
    return undefined;
  } catch (error) {
    return { code: 'SINK', message: error instanceof Error ? error.message : String(error) };
  }
}
