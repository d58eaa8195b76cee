// The gate between a verified stream and `zfs receive`: reads the ZFS send stream as it passes, lets StreamPolicy judge
// every head (BEGIN) before a byte of it goes on, and holds back every END.
//
//   head -> records -> END (held) -> head of the next (lets go of it) -> ... -> END (held) -> end() (lets go of all)
//
// An END is what makes `zfs receive` commit a snapshot. It goes on when the next head of its package was accepted,
// which stands behind it in the same authenticated order; the last one only when end() says that number, length and
// digest of the whole transfer have been proven. What stands after the end of a stream is refused.
import { StreamReader } from '../stream/stream-reader.ts';
import type { StreamRecord } from '../stream/stream-record.ts';
import type { StreamPolicy } from './stream-policy.ts';
import { refused } from './stream-refusal.ts';

/**
 * Most bytes that wait at the gate: the list of properties and snapshots at the head of a package, which is judged
 * whole. 16 MiB are some hundred thousand snapshots; a sender cannot make a receiver hold more.
 */
export const HELD_BYTES_MAX: number = 16 * 1024 * 1024;

export class StreamGate {
  readonly #policy: StreamPolicy;
  readonly #reader: StreamReader = new StreamReader();
  #place: 'first' | 'package head' | 'between' | 'stream' | 'over' = 'first';
  #inPackage = false;
  #toGuid = 0n;
  /** Where the END that is held back begins, or Infinity. */
  #heldFrom = Infinity;
  #verified = false;

  constructor(policy: StreamPolicy) {
    this.#policy = policy;
  }

  /** So many bytes of the stream, from its beginning, may go on. */
  get released(): number {
    return this.#verified ? this.#reader.offset : Math.min(this.#heldFrom, this.#reader.announcedOffset);
  }

  /** Takes the next bytes. Throws STREAM_REFUSED, what StreamPolicy throws, and what StreamReader throws. */
  push(bytes: Uint8Array): void {
    for (const record of this.#reader.read(bytes)) this.#onRecord(record);
    const heldBytes = this.#reader.offset - this.released;
    if (heldBytes > HELD_BYTES_MAX) {
      throw refused('size', `a head in it is longer than the ${HELD_BYTES_MAX} bytes that are taken`);
    }
  }

  /** Number, length and digest of the transfer are proven: everything may go. Throws STREAM_TRUNCATED, STREAM_FOREIGN. */
  end(): void {
    this.#reader.finish();
    this.#verified = true;
  }

  #onRecord(record: StreamRecord): void {
    if (record.type === 'END') {
      this.#onEnd(record.offset, record.fields.toGuid);
    } else if (record.type === 'BEGIN') {
      const { begin } = record;
      if (this.#place === 'first') this.#policy.first(begin);
      else this.#policy.next(begin);
      this.#inPackage ||= begin.kind === 'package';
      this.#place = begin.kind === 'package' ? 'package head' : 'stream';
      this.#toGuid = begin.toGuid;
      this.#heldFrom = Infinity;
    }
  }

  #onEnd(offset: number, toGuid: bigint): void {
    if (this.#place === 'package head') {
      this.#place = 'between';
      return;
    }
    if (this.#place === 'stream') {
      if (toGuid !== this.#toGuid) throw refused('guid', 'a stream in it ends as another than it began');
      this.#place = this.#inPackage ? 'between' : 'over';
    } else {
      this.#policy.atEnd();
      this.#place = 'over';
    }
    this.#heldFrom = Math.min(this.#heldFrom, offset);
  }
}
