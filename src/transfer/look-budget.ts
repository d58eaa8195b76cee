// How many strangers a receiver looks at a second: what announces itself costs keys, memory or a process. Pure.

/** Sources that are told apart. More share a place, so that forged addresses cost no memory. */
const PLACES = 64;

export class LookBudget {
  readonly #perSecond: number;
  readonly #perSource: number;
  readonly #taken: Uint32Array = new Uint32Array(PLACES);
  #left: number;
  #sinceMs = -Infinity;

  /** One source gets at most `perSource` of them, so that one that floods does not keep all others out. */
  constructor(perSecond: number, perSource: number = perSecond) {
    this.#perSecond = perSecond;
    this.#perSource = perSource;
    this.#left = perSecond;
  }

  /** Whether one more may be looked at. `source` is an IPv4 address as a number. */
  take(nowMs: number, source = 0): boolean {
    if (this.isSpent(nowMs, source)) return false;
    const place = placeOf(source);
    this.#taken[place] = (this.#taken[place] ?? 0) + 1;
    this.#left--;
    return true;
  }

  /** Whether take() would say no. */
  isSpent(nowMs: number, source = 0): boolean {
    if (nowMs - this.#sinceMs > 1000) {
      this.#left = this.#perSecond;
      this.#taken.fill(0);
      this.#sinceMs = nowMs;
    }
    return this.#left <= 0 || (this.#taken[placeOf(source)] ?? 0) >= this.#perSource;
  }
}

function placeOf(source: number): number {
  return Math.imul(source, 0x9e37_79b1) >>> 26;
}
