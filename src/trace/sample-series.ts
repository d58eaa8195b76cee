// Samples over time in bounded memory: when it is full, every second one goes and only every second new one is kept.

export class SampleSeries<S> {
  readonly #samplesMax: number;
  #samples: S[] = [];
  #every = 1;
  #seen = 0;
  #last: S | undefined;

  constructor(samplesMax: number) {
    this.#samplesMax = samplesMax;
  }

  add(sample: S): void {
    this.#last = sample;
    if (this.#seen++ % this.#every !== 0) return;
    if (this.#samples.length === this.#samplesMax) {
      this.#samples = this.#samples.filter((_, index) => index % 2 === 0);
      this.#every *= 2;
      if ((this.#seen - 1) % this.#every !== 0) return;
    }
    this.#samples.push(sample);
  }

  /** In order; the newest is always among them. */
  get samples(): readonly S[] {
    const last = this.#last;
    return last === undefined || this.#samples.at(-1) === last ? this.#samples : [...this.#samples, last];
  }
}
