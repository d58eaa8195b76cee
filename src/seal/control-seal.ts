// Seals and opens control messages: AES-256-GCM under the key of their direction, a counter as nonce, and the
// immutable header fields plus any clear part as associated data. They are few (some thousands a second), so
// node:crypto serves.
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { AAD_BYTES, writeAad } from '../wire/segment.ts';
import type { DirectionKey } from './session-keys.ts';

const TAG_BYTES = 16;

export interface ControlHeader {
  readonly type: number;
  readonly transferIdHigh: number;
  readonly transferIdLow: number;
  /** The counter of this direction, from 1; it is the record field of the header. */
  readonly counter: number;
}

function nonceOf(key: DirectionKey, counter: number): Uint8Array {
  const nonce = new Uint8Array(12);
  nonce.set(key.noncePrefix);
  const view = new DataView(nonce.buffer);
  view.setUint32(4, Math.floor(counter / 2 ** 32));
  view.setUint32(8, counter >>> 0);
  return nonce;
}

function associatedData(header: ControlHeader, payloadBytes: number, clear: Uint8Array): Uint8Array {
  const data = new Uint8Array(AAD_BYTES + clear.byteLength);
  const view = new DataView(data.buffer);
  writeAad(
    view,
    0,
    header.type,
    header.transferIdHigh,
    header.transferIdLow,
    header.counter,
    payloadBytes,
    false,
  );
  data.set(clear, AAD_BYTES);
  return data;
}

/** clear part || sealed body || tag: the whole payload of a control segment. */
export function sealControl(
  key: DirectionKey,
  header: ControlHeader,
  clear: Uint8Array,
  body: Uint8Array,
): Uint8Array {
  const payload = new Uint8Array(clear.byteLength + body.byteLength + TAG_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key.key, nonceOf(key, header.counter));
  cipher.setAAD(associatedData(header, payload.byteLength, clear));
  payload.set(clear);
  payload.set(cipher.update(body), clear.byteLength);
  cipher.final();
  payload.set(cipher.getAuthTag(), clear.byteLength + body.byteLength);
  return payload;
}

/** The body, or undefined when the tag is wrong or the payload too short. `clearBytes` is the length of the clear part. */
export function openControl(
  key: DirectionKey,
  header: ControlHeader,
  payload: Uint8Array,
  clearBytes: number,
): Uint8Array | undefined {
  const bodyBytes = payload.byteLength - clearBytes - TAG_BYTES;
  if (bodyBytes < 0) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', key.key, nonceOf(key, header.counter));
  decipher.setAAD(associatedData(header, payload.byteLength, payload.subarray(0, clearBytes)));
  decipher.setAuthTag(payload.subarray(clearBytes + bodyBytes));
  const body = decipher.update(payload.subarray(clearBytes, clearBytes + bodyBytes));
  try {
    decipher.final();
  } catch {
    // A wrong tag is an expected answer here, not a failure: the message is dropped and counted.
    return undefined;
  }
  return body;
}
