// How many strangers a receiver looks at a second: what announces itself costs keys, memory or a process. Pure.

export class LookBudget {
  readonly #perSecond: number;
  #left: number;
  #sinceMs = -Infinity;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#left = perSecond;
  }

  /** Whether one more may be looked at. */
  take(nowMs: number): boolean {
    if (nowMs - this.#sinceMs > 1000) {
      this.#left = this.#perSecond;
      this.#sinceMs = nowMs;
    }
    return this.#left-- > 0;
  }
}
