// Records on their way, in a fixed amount of shared memory: every so many, and twice as many apart whenever the table
// is full. A stride is a power of two, so that what one side has sampled more sparsely the other side has too.
//
//   f64: 0 rows | 1 stride | 2 repeats of records that the table does not hold
//        3.. rows: record | began us | held us | delivered us | repeated segments | last repeat us    (0: not yet)

const ROWS = 0;
const STRIDE = 1;
const UNLISTED = 2;
const HEADER = 3;
const ROW = 6;
const RECORD = 0;
const BEGAN = 1;
const HELD = 2;
const DELIVERED = 3;
const REPEATS = 4;
const REPEATED_AT = 5;

export const FLIGHTS_MAX = 1024;
const STRIDE_MIN = 8;

export interface Flight {
  readonly record: number;
  readonly beganUs: number;
  /** Authenticated and held by the receiver; 0 for not. */
  readonly heldUs: number;
  /** In the sink; 0 for not. */
  readonly deliveredUs: number;
  /** Segments that were sent again. */
  readonly repeats: number;
  readonly repeatedUs: number;
}

export class FlightTable {
  readonly #memory: Float64Array;
  readonly #rowsMax: number;
  /** Rows before it have been delivered. */
  #open = 0;

  static share(rows: number = FLIGHTS_MAX): SharedArrayBuffer {
    return new SharedArrayBuffer((HEADER + rows * ROW) * 8);
  }

  /** `strideMin` 1: every record that is added (those that were repeated); else a sample. */
  constructor(shared: SharedArrayBuffer, strideMin: number = STRIDE_MIN) {
    this.#memory = new Float64Array(shared);
    this.#rowsMax = Math.floor((this.#memory.length - HEADER) / ROW);
    this.#memory[STRIDE] = strideMin;
  }

  /** Whether this record belongs to the sample. */
  wants(record: number): boolean {
    return record % (this.#memory[STRIDE] ?? 1) === 0;
  }

  /** A record of the sample begins its flight. */
  add(record: number, beganUs: number): void {
    const memory = this.#memory;
    if ((memory[ROWS] ?? 0) === this.#rowsMax) this.#thin();
    if (!this.wants(record)) return;
    const rows = memory[ROWS] ?? 0;
    // Thinning makes room unless every record is a multiple of the stride; then the newest is left out.
    if (rows === this.#rowsMax) return;
    const at = HEADER + rows * ROW;
    memory.fill(0, at, at + ROW);
    memory[at + RECORD] = record;
    memory[at + BEGAN] = beganUs;
    memory[ROWS] = rows + 1;
  }

  /** Segments of a record go again; it joins the table if it is not in it. */
  repeat(record: number, segments: number, beganUs: number, nowUs: number): void {
    const memory = this.#memory;
    let at = this.#find(record);
    if (at < 0) {
      this.add(record, beganUs);
      at = this.#find(record);
    }
    if (at < 0) {
      memory[UNLISTED] = (memory[UNLISTED] ?? 0) + segments;
      return;
    }
    memory[at + REPEATS] = (memory[at + REPEATS] ?? 0) + segments;
    memory[at + REPEATED_AT] = nowUs;
  }

  #find(record: number): number {
    const memory = this.#memory;
    for (let row = (memory[ROWS] ?? 0) - 1; row >= this.#open; row--) {
      const at = HEADER + row * ROW;
      if (memory[at + RECORD] === record) return at;
    }
    return -1;
  }

  /** All records below `held` are with the receiver, all below `delivered` in the sink. */
  passed(held: number, delivered: number, nowUs: number): void {
    const memory = this.#memory;
    const rows = memory[ROWS] ?? 0;
    for (let row = this.#open; row < rows; row++) {
      const at = HEADER + row * ROW;
      const record = memory[at + RECORD] ?? 0;
      if (record < held && memory[at + HELD] === 0) memory[at + HELD] = nowUs;
      if (record < delivered && memory[at + DELIVERED] === 0) memory[at + DELIVERED] = nowUs;
      if (row === this.#open && memory[at + DELIVERED] !== 0) this.#open++;
    }
  }

  #thin(): void {
    const memory = this.#memory;
    const stride = (memory[STRIDE] ?? 1) * 2;
    let kept = 0;
    let open = -1;
    for (let row = 0; row < this.#rowsMax; row++) {
      const at = HEADER + row * ROW;
      if ((memory[at + RECORD] ?? 0) % stride !== 0) {
        memory[UNLISTED] = (memory[UNLISTED] ?? 0) + (memory[at + REPEATS] ?? 0);
        continue;
      }
      if (open < 0 && row >= this.#open) open = kept;
      memory.copyWithin(HEADER + kept * ROW, at, at + ROW);
      kept++;
    }
    memory[STRIDE] = stride;
    memory[ROWS] = kept;
    this.#open = open < 0 ? kept : open;
  }
}

export interface Flights {
  readonly flights: readonly Flight[];
  readonly stride: number;
  /** Segments repeated of records that are not among the flights. */
  readonly unlistedRepeats: number;
}

export function readFlights(shared: SharedArrayBuffer): Flights {
  const memory = new Float64Array(shared);
  const flights: Flight[] = [];
  for (let row = 0; row < (memory[ROWS] ?? 0); row++) {
    const at = HEADER + row * ROW;
    flights.push({
      record: memory[at + RECORD] ?? 0,
      beganUs: memory[at + BEGAN] ?? 0,
      heldUs: memory[at + HELD] ?? 0,
      deliveredUs: memory[at + DELIVERED] ?? 0,
      repeats: memory[at + REPEATS] ?? 0,
      repeatedUs: memory[at + REPEATED_AT] ?? 0,
    });
  }
  return { flights, stride: memory[STRIDE] || 1, unlistedRepeats: memory[UNLISTED] ?? 0 };
}
