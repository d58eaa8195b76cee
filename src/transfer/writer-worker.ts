// Writes one transfer's records to its sink, in order. It may block or wait as long as the sink likes: the receiving
// worker goes on filling the pool meanwhile, and stops giving credit when it is full.
import { parentPort } from 'node:worker_threads';
import { WIDE_ZERO } from '../bytes/wide-zero.ts';
import { ZwireError } from '../bytes/zwire-error.ts';
import { POLLERR, POLLOUT, Poller, setIovec, writeGather } from '../sys/descriptor.ts';
import { memcpy } from '../sys/libc.ts';
import { Memory } from '../sys/memory.ts';
import { ActivityRecorder } from '../trace/activity-recorder.ts';
import { activityNumbers } from '../trace/activity.ts';
import { traceClock } from '../trace/trace-clock.ts';
import { HELD_BYTES_MAX, StreamGate } from './stream-gate.ts';
import { StreamPolicy, type StreamRules } from './stream-policy.ts';
import { DISMISSED, type Failure, failureOf } from './worker-message.ts';
import { WriteQueue } from './write-queue.ts';

export interface WriterData {
  readonly queue: SharedArrayBuffer;
  readonly poolAddress: number;
  readonly poolBytes: number;
  readonly slotBytes: number;
  readonly fd: number;
  /** The descriptor does not block: wait with poll, look at the abort flag meanwhile. */
  readonly mayStall: boolean;
  /** What the bytes must be to go on: a sink that reads a ZFS stream has rules, a file has none. */
  readonly rules: StreamRules | undefined;
  /** Only while somebody traces. */
  readonly activity?: SharedArrayBuffer;
}

export type WriterMessage =
  | { readonly kind: 'drained' }
  | { readonly kind: 'failed'; readonly message: string; readonly errno: string }
  /** The stream is not what its rules say. */
  | { readonly kind: 'refused'; readonly failure: Failure }
  | { readonly kind: 'stopped' };

/** Records a writev: half a megabyte; what the gate held stands before them. */
const BATCH = 8;
const IOVEC_BYTES = 16;
const IDLE_MS = 100;
/** While data flows the writer looks every so often; only after this long without any does it ask to be woken. */
const NAP_MS = 1;
const FLOWING_MS = 20;

/** What a trace calls what the writer does. */
const DOES = activityNumbers('writer');

interface Piece {
  readonly address: number;
  readonly bytes: number;
}

class Writer implements Disposable {
  readonly #data: WriterData;
  readonly #queue: WriteQueue;
  readonly #pool: Memory;
  readonly #iovecs: Memory = Memory.allocate(4096);
  readonly #poller: Poller = new Poller();
  readonly #gate: StreamGate | undefined;
  /** Bytes that the gate holds back, outside the pool: their record's memory is given back meanwhile. */
  readonly #held: Memory;
  #heldBytes = 0;
  /** Bytes that are in the sink. */
  #written = WIDE_ZERO;
  readonly #activity: ActivityRecorder | undefined;

  constructor(data: WriterData) {
    this.#data = data;
    this.#queue = WriteQueue.attach(data.queue);
    this.#pool = Memory.share(data.poolAddress, data.poolBytes);
    this.#gate = data.rules && new StreamGate(new StreamPolicy(data.rules));
    // Pages are taken when they are touched: two of them, for nearly every stream.
    this.#held = Memory.allocate(this.#gate === undefined ? 1 : HELD_BYTES_MAX);
    if (data.activity !== undefined)
      this.#activity = new ActivityRecorder(data.activity, 'writer', traceClock().nowUs);
  }

  run(): WriterMessage {
    try {
      return this.#drain();
    } finally {
      // Books what was going on until now.
      this.#activity?.enter(DOES['wait for records']);
    }
  }

  #drain(): WriterMessage {
    let workedAtMs = 0;
    for (;;) {
      if (this.#queue.aborted) return { kind: 'stopped' };
      const ended = this.#queue.ended;
      const ready = Math.min(this.#queue.ready, BATCH);
      if (ready > 0) {
        this.#activity?.enter(DOES.write);
        if (!this.#writeBatch(ready)) return { kind: 'stopped' };
        this.#queue.finish(ready);
        this.#activity?.enter(DOES['wait for records']);
        workedAtMs = performance.now();
      } else if (ended) return this.#writeEnd() ? { kind: 'drained' } : { kind: 'stopped' };
      else if (performance.now() - workedAtMs < FLOWING_MS) this.#queue.nap(NAP_MS);
      else this.#queue.sleep(IDLE_MS);
    }
  }

  /** Mappings outlive the thread: those of every transfer would add up. */
  [Symbol.dispose](): void {
    this.#iovecs[Symbol.dispose]();
    this.#poller[Symbol.dispose]();
    this.#held[Symbol.dispose]();
  }

  /** False when aborted in the middle. */
  #writeBatch(count: number): boolean {
    const pieces: Piece[] = [{ address: this.#held.address, bytes: this.#heldBytes }];
    let position = this.#queue.tail;
    for (let index = 0; index < count; index++) {
      const bytes = this.#queue.bytesAt(position);
      const at = this.#queue.slotAt(position) * this.#data.slotBytes;
      this.#gate?.push(this.#pool.bytes.subarray(at, at + bytes));
      pieces.push({ address: this.#pool.address + at, bytes });
      position = this.#queue.next(position);
    }
    return this.#gate === undefined ? this.#write(pieces) : this.#writeReleased(pieces, this.#gate.released);
  }

  /** Everything has been verified: what is held goes too. */
  #writeEnd(): boolean {
    this.#gate?.end();
    return this.#write([{ address: this.#held.address, bytes: this.#heldBytes }]);
  }

  /** Writes what the gate lets go and keeps the rest, which is at the end. */
  #writeReleased(pieces: readonly Piece[], released: number): boolean {
    const going: Piece[] = [];
    const staying: Piece[] = [];
    let room = released - this.#written;
    for (const { address, bytes } of pieces) {
      const goes = Math.min(room, bytes);
      room -= goes;
      going.push({ address, bytes: goes });
      staying.push({ address: address + goes, bytes: bytes - goes });
    }
    if (!this.#write(going)) return false;
    let keptBytes = 0;
    for (const { address, bytes } of staying) {
      // What was held already stays where it is, or has gone as a whole.
      const place = this.#held.address + keptBytes;
      if (bytes > 0 && address !== place) memcpy(place, address, bytes);
      keptBytes += bytes;
    }
    this.#heldBytes = keptBytes;
    return true;
  }

  /** False when aborted in the middle. */
  #write(pieces: readonly Piece[]): boolean {
    const lengths: number[] = [];
    let remaining = 0;
    for (const { address, bytes } of pieces) {
      if (bytes === 0) continue;
      setIovec(this.#iovecs.view, 0, lengths.length, address, bytes);
      lengths.push(bytes);
      remaining += bytes;
    }
    this.#written += remaining;
    let first = 0;
    while (remaining > 0) {
      if (this.#data.mayStall && !this.#waitWritable()) return false;
      const place = this.#iovecs.address + first * IOVEC_BYTES;
      const put = writeGather(this.#data.fd, place, lengths.length - first);
      if (put > 0) {
        remaining -= put;
        first = this.#skip(lengths, first, put);
      } else if (this.#queue.aborted) return false;
    }
    return true;
  }

  /** Moves past what was written; the iovec it ends in is shortened in place. */
  #skip(lengths: number[], from: number, written: number): number {
    let first = from;
    let left = written;
    while (first < lengths.length && left >= (lengths[first] ?? 0)) left -= lengths[first++] ?? 0;
    if (left > 0) {
      const { view } = this.#iovecs;
      const at = first * IOVEC_BYTES;
      const address = view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
      const bytes = (lengths[first] ?? 0) - left;
      lengths[first] = bytes;
      setIovec(view, 0, first, address + left, bytes);
    }
    return first;
  }

  #waitWritable(): boolean {
    this.#activity?.enter(DOES['sink stalled']);
    for (;;) {
      this.#poller.clear();
      const place = this.#poller.add(this.#data.fd, POLLOUT);
      if (this.#poller.wait(IDLE_MS) > 0 && (this.#poller.events(place) & (POLLOUT | POLLERR)) !== 0) {
        this.#activity?.enter(DOES.write);
        return true;
      }
      if (this.#queue.aborted) return false;
    }
  }
}

function runWriter(data: WriterData): WriterMessage {
  try {
    using writer = new Writer(data);
    return writer.run();
  } catch (error) {
    if (error instanceof ZwireError) return { kind: 'refused', failure: failureOf(error) };
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    return { kind: 'failed', message: error instanceof Error ? error.message : String(error), errno: code };
  }
}

// standby-writer.ts starts this thread and hands it its one piece of work, or none; without a listener it ends.
parentPort?.once('message', (data: WriterData | typeof DISMISSED) => {
  if (data !== DISMISSED) parentPort?.postMessage(runWriter(data));
});
