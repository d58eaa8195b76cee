// Random numbers that a seed gives again: xorshift32, seeded through a multiplication that mixes its bits.

export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed ^ 0x9e37_79b9, 0x85eb_ca6b) | 1;
    for (let i = 0; i < 8; i++) this.u32();
  }

  u32(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x >>> 0;
  }

  /** 0 up to and without `end`; 0 when there is nothing to choose from. */
  below(end: number): number {
    return end < 1 ? 0 : this.u32() % end;
  }

  pick<T>(values: readonly T[]): T {
    const value = values[this.below(values.length)];
    if (value === undefined) throw new RangeError('nothing to pick from');
    return value;
  }
}
