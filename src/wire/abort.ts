// ABORT: either side ends the transfer. Body of one control segment:
//
//    0 abort code (2) | length (2) | message: UTF-8
import { ByteReader } from '../bytes/byte-reader.ts';
import { ByteWriter } from '../bytes/byte-writer.ts';
import { codeName } from './code-name.ts';
import { LIMITS } from './limits.ts';
import { encodeMessage, readMessage } from './message-text.ts';

/** Why a side ends the transfer. The numbers are on the wire and never change. */
export const ABORT_CODES = {
  /** Goodbye: the sender has seen the result, the receiver may forget the transfer. */
  DONE: 0,
  INTERRUPTED: 1,
  SOURCE_FAILED: 2,
  SINK_FAILED: 3,
  TIMEOUT: 4,
  PROTOCOL: 5,
  OTHER: 65_535,
} as const;
export type AbortCode = keyof typeof ABORT_CODES;

export interface Abort {
  readonly code: AbortCode;
  /** For a person, cut to LIMITS.messageBytes of UTF-8. */
  readonly message: string;
}

const HEAD_BYTES = 4;

/** The message is cut where it does not fit; `bodyBytesMax` is controlBodyBytesForMtu's. */
export function encodeAbort(abort: Abort, bodyBytesMax: number = LIMITS.controlBodyBytes): Uint8Array {
  const message = encodeMessage(abort.message, bodyBytesMax - HEAD_BYTES);
  return new ByteWriter(HEAD_BYTES + message.length)
    .u16(ABORT_CODES[abort.code])
    .u16(message.length)
    .bytes(message)
    .finish();
}

/**
 * A code that this version does not know becomes OTHER.
 *
 * @throws ZwireError WIRE_MALFORMED
 */
export function decodeAbort(bytes: Uint8Array): Abort {
  const reader = new ByteReader(bytes, 'ABORT');
  const code = codeName(ABORT_CODES, reader.u16('abort code'), 'OTHER');
  const message = readMessage(reader);
  reader.end();
  return { code, message };
}
