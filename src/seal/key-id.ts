// The key id of an ANNOUNCE shows that its sender knows the receiver's public key: only then keys are multiplied.
// docs/protocol.md, "Keyed suites". Everybody can make a receiver compute one, so this is HMAC (RFC 2104) by two plain
// hashes in buffers of its own: createHash and createHmac leave objects outside the heap, and cost five times as much.
//
//   key   = SHA-256("zwire v1 key id", the receiver's public key)
//   inner = [ key ^ 0x36.. (64) ][ AAD of the header (28) ][ clear part (88), zeros as key id ]
//   outer = [ key ^ 0x5c.. (64) ][ SHA-256(inner) (32) ]
import { createHash, hash } from 'node:crypto';
import { ANNOUNCE_CLEAR_BYTES } from '../wire/announce.ts';
import { AAD_BYTES, MessageType, type SegmentHeader, writeAad } from '../wire/segment.ts';

export const KEY_ID_BYTES = 8;
/** Where it stands in the clear part. */
export const KEY_ID_AT = 8;
const BLOCK_BYTES = 64;
const CLEAR_AT = BLOCK_BYTES + AAD_BYTES;

/** The counter (`record`) is 0 in what a sender made. */
export type AnnounceHeader = Pick<
  SegmentHeader,
  'transferIdHigh' | 'transferIdLow' | 'payloadBytes' | 'record'
>;

export class KeyId {
  readonly #inner: Buffer = Buffer.alloc(CLEAR_AT + ANNOUNCE_CLEAR_BYTES, 0x36);
  readonly #innerView: DataView = new DataView(this.#inner.buffer, this.#inner.byteOffset);
  readonly #outer: Buffer = Buffer.alloc(BLOCK_BYTES + 32, 0x5c);
  readonly #id: Buffer = Buffer.alloc(KEY_ID_BYTES);

  /** For announcements to the owner of this public key. */
  constructor(receiverKey: Uint8Array) {
    const key = createHash('sha256').update('zwire v1 key id').update(receiverKey).digest();
    for (const block of [this.#inner, this.#outer]) {
      key.forEach((byte, at) => {
        block[at] = (block[at] ?? 0) ^ byte;
      });
    }
  }

  /** The key id for an ANNOUNCE with this clear part; what stands in its place there does not matter. */
  of(header: AnnounceHeader, bytes: Uint8Array): Uint8Array {
    return Uint8Array.from(this.#compute(header, bytes, 0));
  }

  /** Whether the ANNOUNCE was made for this key. Takes nothing out of `bytes` and leaves nothing to collect. */
  fits(header: AnnounceHeader, bytes: Uint8Array, at = 0): boolean {
    const id = this.#compute(header, bytes, at);
    let difference = 0;
    for (let i = 0; i < KEY_ID_BYTES; i++) difference |= (id[i] ?? 0) ^ (bytes[at + KEY_ID_AT + i] ?? 0);
    return difference === 0;
  }

  #compute(header: AnnounceHeader, bytes: Uint8Array, at: number): Buffer {
    const inner = this.#inner;
    const { transferIdHigh, transferIdLow, payloadBytes, record } = header;
    const announce = MessageType.announce;
    writeAad(
      this.#innerView,
      BLOCK_BYTES,
      announce,
      transferIdHigh,
      transferIdLow,
      record,
      payloadBytes,
      false,
    );
    for (let i = 0; i < ANNOUNCE_CLEAR_BYTES; i++) inner[CLEAR_AT + i] = bytes[at + i] ?? 0;
    inner.fill(0, CLEAR_AT + KEY_ID_AT, CLEAR_AT + KEY_ID_AT + KEY_ID_BYTES);
    this.#outer.write(hash('sha256', inner), BLOCK_BYTES, 'hex');
    this.#id.write(hash('sha256', this.#outer), 'hex');
    return this.#id;
  }
}
