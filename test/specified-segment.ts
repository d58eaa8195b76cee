// A whole segment as docs/protocol.md describes it, from its words alone: offsets and an AEAD, nothing of src/.
import { createCipheriv } from 'node:crypto';

/** Key and nonce prefix of one direction, or of the records. */
export interface SpecifiedKey {
  readonly cipher: 'aes-256-gcm' | 'chacha20-poly1305';
  readonly key: Uint8Array;
  readonly noncePrefix: Uint8Array;
}

export interface SpecifiedMessage {
  readonly transferId: Uint8Array;
  readonly type: number;
  /** Record number or counter. */
  readonly number: number;
  readonly last?: boolean;
  readonly clear?: Uint8Array;
  readonly body: Uint8Array;
}

/** A header; the first 28 bytes with zeros in payload length, index and count are the associated data. */
export function specifiedHeader(message: SpecifiedMessage, payloadBytes: number, whole: boolean): Buffer {
  const header = Buffer.alloc(32);
  header.writeUInt16BE(0x5a57, 0);
  header.writeUInt8(1, 2);
  header.writeUInt8(message.type, 3);
  header.writeUInt8(message.last === true ? 2 : 0, 4);
  header.set(message.transferId, 8);
  header.writeUIntBE(message.number, 16, 6);
  header.writeUInt32BE(payloadBytes, 24);
  if (!whole) return header.subarray(0, 28);
  header.writeUInt16BE(payloadBytes, 6);
  header.writeUInt8(1, 23);
  return header;
}

export function specifiedSegment(
  { cipher, key, noncePrefix }: SpecifiedKey,
  message: SpecifiedMessage,
): Buffer {
  const { clear = Buffer.alloc(0), body, number } = message;
  const payloadBytes = clear.length + body.length + 16;
  const nonce = Buffer.alloc(12);
  nonce.set(noncePrefix);
  nonce.writeBigUInt64BE(BigInt(number), 4);
  const aad = Buffer.concat([specifiedHeader(message, payloadBytes, false), clear]);
  const sealer =
    cipher === 'aes-256-gcm'
      ? createCipheriv(cipher, key, nonce).setAAD(aad)
      : createCipheriv(cipher, key, nonce, { authTagLength: 16 }).setAAD(aad, {
          plaintextLength: body.length,
        });
  const sealed = sealer.update(body);
  sealer.final();
  return Buffer.concat([specifiedHeader(message, payloadBytes, true), clear, sealed, sealer.getAuthTag()]);
}
