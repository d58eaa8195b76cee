// Writes one transfer's records to its sink, in order. It may block or wait as long as the sink likes: the receiving
// worker goes on filling the pool meanwhile, and stops giving credit when it is full.
import { parentPort, workerData } from 'node:worker_threads';
import { POLLERR, POLLOUT, Poller, setIovec, writeGather } from '../sys/descriptor.ts';
import { Memory, setPointer } from '../sys/memory.ts';
import { WriteQueue } from './write-queue.ts';

export interface WriterData {
  readonly queue: SharedArrayBuffer;
  readonly poolAddress: number;
  readonly poolBytes: number;
  readonly slotBytes: number;
  readonly fd: number;
  /** The descriptor does not block: wait with poll, look at the abort flag meanwhile. */
  readonly mayStall: boolean;
}

export type WriterMessage =
  | { readonly kind: 'drained' }
  | { readonly kind: 'failed'; readonly message: string; readonly errno: string }
  | { readonly kind: 'stopped' };

/** Records a writev: half a megabyte. */
const BATCH = 8;
const IDLE_MS = 100;
/** While data flows the writer looks every so often; only after this long without any does it ask to be woken. */
const NAP_MS = 1;
const FLOWING_MS = 20;

class Writer {
  readonly #data: WriterData;
  readonly #queue: WriteQueue;
  readonly #iovecs: Memory = Memory.allocate(4096);
  readonly #poller: Poller = new Poller();

  constructor(data: WriterData) {
    this.#data = data;
    this.#queue = WriteQueue.attach(data.queue);
  }

  run(): WriterMessage {
    let workedAtMs = 0;
    for (;;) {
      if (this.#queue.aborted) return { kind: 'stopped' };
      const ended = this.#queue.ended;
      const ready = Math.min(this.#queue.ready, BATCH);
      if (ready > 0) {
        if (!this.#writeBatch(ready)) return { kind: 'stopped' };
        this.#queue.finish(ready);
        workedAtMs = performance.now();
      } else if (ended) return { kind: 'drained' };
      else if (performance.now() - workedAtMs < FLOWING_MS) this.#queue.nap(NAP_MS);
      else this.#queue.sleep(IDLE_MS);
    }
  }

  /** False when aborted in the middle. */
  #writeBatch(count: number): boolean {
    const lengths: number[] = [];
    let position = this.#queue.tail;
    let remaining = 0;
    for (let index = 0; index < count; index++) {
      const bytes = this.#queue.bytesAt(position);
      const address = this.#data.poolAddress + this.#queue.slotAt(position) * this.#data.slotBytes;
      setIovec(this.#iovecs.view, 0, index, address, bytes);
      lengths.push(bytes);
      remaining += bytes;
      position = this.#queue.next(position);
    }
    let first = 0;
    while (remaining > 0) {
      if (this.#data.mayStall && !this.#waitWritable()) return false;
      const put = writeGather(this.#data.fd, this.#iovecs.address + first * 16, count - first);
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
      const address = view.getUint32(first * 16, true) + view.getUint32(first * 16 + 4, true) * 2 ** 32;
      const bytes = (lengths[first] ?? 0) - left;
      lengths[first] = bytes;
      setPointer(view, first * 16, address + left);
      setPointer(view, first * 16 + 8, bytes);
    }
    return first;
  }

  #waitWritable(): boolean {
    for (;;) {
      this.#poller.clear();
      const place = this.#poller.add(this.#data.fd, POLLOUT);
      if (this.#poller.wait(IDLE_MS) > 0 && (this.#poller.events(place) & (POLLOUT | POLLERR)) !== 0)
        return true;
      if (this.#queue.aborted) return false;
    }
  }
}

function runWriter(data: WriterData): WriterMessage {
  try {
    return new Writer(data).run();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    return { kind: 'failed', message: error instanceof Error ? error.message : String(error), errno: code };
  }
}

// reception.ts builds this worker with WriterData.
const data: WriterData = workerData;
parentPort?.postMessage(runWriter(data));
