import { createHash, createHmac, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { ANNOUNCE_CLEAR_BYTES } from '../wire/announce.ts';
import { AAD_BYTES, MessageType, writeAad } from '../wire/segment.ts';
import { KeyId } from './key-id.ts';

const RECEIVER_KEY = randomBytes(32);
const HEADER = { transferIdHigh: 0x0102_0304, transferIdLow: 0xf6f7_f8f9, payloadBytes: 400, record: 0 };

/** As docs/protocol.md writes it. */
function specified(header: typeof HEADER, clear: Uint8Array): Uint8Array {
  const prologue = new Uint8Array(AAD_BYTES + ANNOUNCE_CLEAR_BYTES);
  const { transferIdHigh, transferIdLow, payloadBytes, record } = header;
  const view = new DataView(prologue.buffer);
  writeAad(view, 0, MessageType.announce, transferIdHigh, transferIdLow, record, payloadBytes, false);
  prologue.set(clear, AAD_BYTES);
  prologue.fill(0, AAD_BYTES + 8, AAD_BYTES + 16);
  const key = createHash('sha256').update('zwire v1 key id').update(RECEIVER_KEY).digest();
  return Uint8Array.from(createHmac('sha256', key).update(prologue).digest().subarray(0, 8));
}

test('is the specified HMAC, time after time and wherever the clear part lies', () => {
  const keyId = new KeyId(RECEIVER_KEY);
  for (let at = 0; at < 50; at++) {
    const clear = randomBytes(ANNOUNCE_CLEAR_BYTES);
    const header = { ...HEADER, transferIdLow: at, record: at % 3 };
    const id = specified(header, clear);
    expect(keyId.of(header, clear)).toEqual(id);
    clear.set(id, 8);
    const frame = Buffer.concat([randomBytes(at), clear, randomBytes(20)]);
    expect(keyId.fits(header, frame, at)).toBe(true);
    frame[at + 8 + (at % 8)] = (frame[at + 8 + (at % 8)] ?? 0) ^ 1;
    expect(keyId.fits(header, frame, at)).toBe(false);
  }
});
