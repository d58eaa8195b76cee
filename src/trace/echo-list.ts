// Times that travelled to the receiver and back, by which two traces are laid onto one clock. The newest ones, in
// shared memory: a probe's own time (on the sender's clock, as it is on the wire), and two times of the side that
// keeps the list. The sender writes when the probe left and when its echo came; the receiver when it came and when
// its echo left.
//
//   f64: 0 how many there ever were | 1.. rows: probe's time us | first us | second us

const COUNT = 0;
const HEADER = 1;
const ROW = 3;
export const ECHOES_MAX = 256;

export interface Echo {
  /** What the probe carried: the name of the exchange. */
  readonly probeUs: number;
  readonly firstUs: number;
  readonly secondUs: number;
}

export class EchoList {
  readonly #memory: Float64Array;
  readonly #rows: number;

  static share(): SharedArrayBuffer {
    return new SharedArrayBuffer((HEADER + ECHOES_MAX * ROW) * 8);
  }

  constructor(shared: SharedArrayBuffer) {
    this.#memory = new Float64Array(shared);
    this.#rows = (this.#memory.length - HEADER) / ROW;
  }

  add(probeUs: number, firstUs: number, secondUs: number): void {
    const memory = this.#memory;
    const count = memory[COUNT] ?? 0;
    const at = HEADER + (count % this.#rows) * ROW;
    memory[at] = probeUs;
    memory[at + 1] = firstUs;
    memory[at + 2] = secondUs;
    memory[COUNT] = count + 1;
  }
}

export function readEchoes(shared: SharedArrayBuffer): Echo[] {
  const memory = new Float64Array(shared);
  const echoes: Echo[] = [];
  for (let row = 0; row < Math.min(memory[COUNT] ?? 0, ECHOES_MAX); row++) {
    const at = HEADER + row * ROW;
    echoes.push({
      probeUs: memory[at] ?? 0,
      firstUs: memory[at + 1] ?? 0,
      secondUs: memory[at + 2] ?? 0,
    });
  }
  return echoes;
}
