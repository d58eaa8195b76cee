// The two ways to let a stream run through the reader: look at it, or stand in its way.
import { WIDE_ZERO } from '../bytes/wide-zero.ts';
import { type StreamEnd, StreamReader, type StreamReaderOptions } from './stream-reader.ts';
import type { StreamRecord } from './stream-record.ts';

/**
 * The records of a stream that comes in chunks (a file, a socket, the output of `zfs send`), each as soon as it is
 * verified. Returns what the stream came to. Reads a chunk only when the records of the one before have been taken,
 * so that a slow consumer holds the source back. Errors: those of StreamReader, and those of the source.
 */
export async function* readRecords(
  source: AsyncIterable<Uint8Array>,
  options: StreamReaderOptions = {},
): AsyncGenerator<StreamRecord, StreamEnd, void> {
  const reader = new StreamReader(options);
  for await (const chunk of source) yield* reader.read(chunk);
  return reader.finish();
}

export interface RecordGateOptions extends StreamReaderOptions {
  /**
   * Called for each record before any byte of it is let through; all bytes before it have been. The stream waits for
   * what it returns. If it throws, the stream ends with that error and the record is held back for good: so END, and
   * with it the commit of a receiver, can be made to wait for a proof from elsewhere.
   */
  readonly onRecord: (record: StreamRecord) => void | Promise<void>;
}

/**
 * A transform that passes a stream through byte for byte, verifies it, and lets no record pass that it has not
 * announced. Of BEGIN that is known before a single byte leaves; the payload of a record passes before it is verified
 * (its checksum stands in the next record, and END covers all). A damaged stream ends with the error of StreamReader.
 * Holds back at most a header, or a BEGIN with its nvlist. For Node streams: `Duplex.fromWeb(recordGate(...))`.
 */
export function recordGate(options: RecordGateOptions): TransformStream<Uint8Array, Uint8Array> {
  const reader = new StreamReader(options);
  const held = new HeldBytes();
  return new TransformStream<Uint8Array, Uint8Array>({
    async transform(chunk, controller) {
      const pass = (bytes: Uint8Array): void => controller.enqueue(bytes);
      held.add(chunk);
      for (const record of reader.read(chunk)) {
        held.release(record.offset, pass);
        await options.onRecord(record);
      }
      held.release(reader.announcedOffset, pass);
      held.keep();
    },
    flush: () => void reader.finish(),
  });
}

/** Bytes of the stream that have come and not been let through, in order. */
class HeldBytes {
  #pieces: Uint8Array[] = [];
  /** Where in the stream the first of them stands. */
  #offset = WIDE_ZERO;

  add(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#pieces.push(bytes);
  }

  /** Lets everything before `offset` pass. */
  release(offset: number, pass: (bytes: Uint8Array) => void): void {
    for (;;) {
      const [piece] = this.#pieces;
      if (piece === undefined || this.#offset >= offset) return;
      const count = Math.min(piece.length, offset - this.#offset);
      pass(piece.subarray(0, count));
      this.#offset += count;
      if (count < piece.length) this.#pieces[0] = piece.subarray(count);
      else this.#pieces.shift();
    }
  }

  /** Copies what stays, since the chunk that it is in belongs to another. */
  keep(): void {
    this.#pieces = this.#pieces.map((piece) => piece.slice());
  }
}
