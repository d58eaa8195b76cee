// Numbers that a worker writes and the main thread reads while a transfer runs, in shared memory: no messages on the
// data path. Each is written by one thread; a 64-bit float is written in one piece.

export const COUNTER_NAMES = [
  'bytes',
  'records',
  'frames',
  'segments',
  'repeats',
  'drops',
  'rejected',
  'waitSourceMs',
  'waitWireMs',
  'waitSinkMs',
  'delivered',
  /** Now, not so far: records that the receiver has room for, and records in its memory. */
  'creditRecords',
  'poolRecords',
] as const;

export type CounterName = (typeof COUNTER_NAMES)[number];
export type CounterSnapshot = { readonly [name in CounterName]: number };

const PLACES: ReadonlyMap<CounterName, number> = new Map(COUNTER_NAMES.map((name, index) => [name, index]));

function placeOf(name: CounterName): number {
  return PLACES.get(name) ?? 0;
}

export class Counters {
  readonly shared: SharedArrayBuffer;
  readonly #values: Float64Array;

  constructor(shared: SharedArrayBuffer = new SharedArrayBuffer(COUNTER_NAMES.length * 8)) {
    this.shared = shared;
    this.#values = new Float64Array(shared);
  }

  set(name: CounterName, value: number): void {
    this.#values[placeOf(name)] = value;
  }

  add(name: CounterName, value: number): void {
    const index = placeOf(name);
    this.#values[index] = (this.#values[index] ?? 0) + value;
  }

  snapshot(): CounterSnapshot {
    const entries = COUNTER_NAMES.map((name, index) => [name, this.#values[index] ?? 0]);
    const snapshot: CounterSnapshot = Object.fromEntries(entries);
    return snapshot;
  }
}
