import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WriteQueue } from './write-queue.ts';

/** What the writer finds from the tail on, without finishing it. */
function waiting(queue: WriteQueue): [slot: number, bytes: number][] {
  const found: [number, number][] = [];
  let position = queue.tail;
  for (let left = queue.ready; left > 0; left--) {
    found.push([queue.slotAt(position), queue.bytesAt(position)]);
    position = queue.next(position);
  }
  return found;
}

describe('WriteQueue', () => {
  test('gives the writer what the receiver pushed, in order', () => {
    const receiver = WriteQueue.create(4);
    const writer = WriteQueue.attach(receiver.shared);
    expect(writer.ready).toBe(0);
    receiver.push(7, 100);
    receiver.push(3, 0);
    expect(waiting(writer)).toEqual([
      [7, 100],
      [3, 0],
    ]);
    writer.finish(1);
    expect(waiting(writer)).toEqual([[3, 0]]);
  });

  test('holds as much as its capacity, and full is not empty', () => {
    const queue = WriteQueue.create(3);
    for (const slot of [0, 1, 2]) queue.push(slot, 10);
    expect(queue.ready).toBe(3);
    expect(waiting(queue).map(([slot]) => slot)).toEqual([0, 1, 2]);
  });

  test('tells the receiver which slots are free again', () => {
    const receiver = WriteQueue.create(2);
    const writer = WriteQueue.attach(receiver.shared);
    const freed: number[] = [];
    let seen = receiver.tail;
    for (let slot = 0; slot < 9; slot++) {
      receiver.push(slot, 1);
      if (slot % 2 === 1) writer.finish(2);
      for (; seen !== receiver.tail; seen = receiver.next(seen)) freed.push(receiver.slotAt(seen));
    }
    expect(freed).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test('says that it ended or was aborted, to both', () => {
    const receiver = WriteQueue.create(2);
    const writer = WriteQueue.attach(receiver.shared);
    expect([writer.ended, writer.aborted]).toEqual([false, false]);
    receiver.end();
    expect([writer.ended, writer.aborted]).toEqual([true, false]);
    receiver.abort();
    expect([writer.ended, writer.aborted]).toEqual([true, true]);
  });

  test('a writer does not sleep when there is something to do', () => {
    const startMs = performance.now();
    for (const wakeUp of [
      (queue: WriteQueue): void => queue.push(1, 1),
      (queue: WriteQueue): void => queue.end(),
      (queue: WriteQueue): void => queue.abort(),
    ]) {
      const queue = WriteQueue.create(2);
      wakeUp(queue);
      queue.sleep(10_000);
    }
    expect(performance.now() - startMs).toBeLessThan(9000);
  });

  test('is a queue, whatever the order of pushing and finishing', () => {
    const turns = fc.array(fc.record({ push: fc.boolean(), count: fc.integer({ min: 0, max: 9 }) }));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), turns, (capacity, history) => {
        const queue = WriteQueue.create(capacity);
        const model: [number, number][] = [];
        let slot = 0;
        for (const { push, count } of history) {
          const done = push ? 0 : Math.min(count, model.length);
          const more = push ? Math.min(count, capacity - model.length) : 0;
          queue.finish(done);
          model.splice(0, done);
          for (let i = 0; i < more; i++, slot++) {
            queue.push(slot, slot * 2);
            model.push([slot, slot * 2]);
          }
          expect(waiting(queue)).toEqual(model);
        }
      }),
      { numRuns: 300, seed: 20_260_728 },
    );
  });
});
