// Real writing threads, of the built program, as the receiver uses them.
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { SLOT_BYTES, SlotPool } from './slot-pool.ts';
import { StandbyWriter } from './standby-writer.ts';
import { WriteQueue } from './write-queue.ts';
import { DISMISSED } from './worker-message.ts';
import type { WriterData, WriterMessage } from './writer-worker.ts';

const started: Worker[] = [];
const onWorker = (worker: Worker): void => void started.push(worker);

beforeEach(() => void process.on('worker', onWorker));
afterEach(async () => {
  process.off('worker', onWorker);
  await Promise.all(started.splice(0).map(dismiss));
});

/** Not by terminate(): see StandbyWriter.dispose. */
async function dismiss(worker: Worker): Promise<void> {
  if (worker.threadId === -1) return;
  const gone = once(worker, 'exit');
  worker.postMessage(DISMISSED);
  await gone;
}

/** Those that were started so far: Node tells of them in the next tick. */
async function workers(): Promise<readonly Worker[]> {
  await setImmediate();
  return started;
}

/** A transfer of one record: its memory, its queue and the file it goes to. */
class Job implements Disposable {
  readonly #directory: string = mkdtempSync(join(tmpdir(), 'zwire-standby-'));
  readonly #pool: SlotPool = new SlotPool(8 * SLOT_BYTES);
  readonly #queue: WriteQueue = WriteQueue.create(9);
  readonly #path: string = join(this.#directory, 'sink');
  readonly #fd: number = openSync(this.#path, 'w');

  constructor(text: string) {
    const slot = this.#pool.take();
    const bytes = this.#pool.memory.bytes;
    bytes.set(Buffer.from(text), slot * SLOT_BYTES);
    this.#queue.push(slot, text.length);
    this.#queue.end();
  }

  get data(): WriterData {
    return {
      queue: this.#queue.shared,
      poolAddress: this.#pool.memory.address,
      poolBytes: this.#pool.memory.bytes.byteLength,
      slotBytes: SLOT_BYTES,
      fd: this.#fd,
      mayStall: false,
      rules: undefined,
    };
  }

  /** Lets the writer do it, and gives what then stands in the file. */
  async done(worker: Worker): Promise<string> {
    const [[message]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
    const drained: WriterMessage = { kind: 'drained' };
    expect(message).toEqual(drained);
    return readFileSync(this.#path, 'utf8');
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
    this.#pool[Symbol.dispose]();
    rmSync(this.#directory, { recursive: true });
  }
}

test('the one that waits gets the work, and is the only one that was started', async () => {
  using job = new Job('a record');
  const writers = new StandbyWriter();
  writers.prepare();
  writers.prepare();
  const [waiting, ...others] = await workers();
  expect(others.length).toBe(0);
  const taken = writers.take(job.data);
  expect(taken === waiting).toBe(true);
  expect(await job.done(taken)).toBe('a record');
  expect((await workers()).length).toBe(1);
});

test('one that is taken is gone: the next taker gets another, and disposing ends neither', async () => {
  using first = new Job('of the first');
  using second = new Job('of the second');
  const writers = new StandbyWriter();
  writers.prepare();
  const one = writers.take(first.data);
  const other = writers.take(second.data);
  expect(other === one).toBe(false);
  await writers.dispose();
  expect(await Promise.all([first.done(one), second.done(other)])).toEqual(['of the first', 'of the second']);
});

test('one that fails while it waits is replaced', async () => {
  using job = new Job('by the second');
  const writers = new StandbyWriter();
  writers.prepare();
  const [failed] = await workers();
  failed?.emit('error', new Error('out of memory'));
  const taken = writers.take(job.data);
  expect(taken === failed).toBe(false);
  expect(await job.done(taken)).toBe('by the second');
});

test('one that fails at work is the affair of who has it: nobody else hears of it', async () => {
  using job = new Job('a record');
  const writers = new StandbyWriter();
  writers.prepare();
  const taken = writers.take(job.data);
  expect(taken.listenerCount('error')).toBe(0);
  expect(await job.done(taken)).toBe('a record');
});

test('disposing ends the one that waits, and can be done twice', async () => {
  const writers = new StandbyWriter();
  await writers.dispose();
  expect((await workers()).length).toBe(0);
  writers.prepare();
  const [worker] = await workers();
  expect(worker?.threadId).toBeGreaterThan(0);
  await writers.dispose();
  await writers.dispose();
  expect(worker?.threadId).toBe(-1);
});

test('one that is still loading ends by itself: stopped in the middle of it, it would take the process along', async () => {
  const writers = new StandbyWriter();
  writers.prepare();
  const [worker] = await workers();
  const stops: number[] = [];
  if (worker !== undefined) vi.spyOn(worker, 'terminate').mockImplementation(async () => stops.push(1));
  await writers.dispose();
  expect(stops).toEqual([]);
  expect(worker?.threadId).toBe(-1);
});
