// Divides the receiver's memory among transfers. Credit once given is never taken back, so what is promised to all
// together never exceeds the pool, and a stalled transfer cannot starve the next. Pure.
//
// Always: the sum over open transfers of max(promised, reserve), and a reserve for each that may yet come, fit the pool.

/** A transfer holds its newest record back until the next has come: with less it would never move. */
const RECORDS_MIN = 2;

export class CreditPool {
  readonly #records: number;
  readonly #reserve: number;
  readonly #transfersMax: number;
  readonly #promised: Map<string, number> = new Map();

  /**
   * `records` slots in all, for at most `transfersMax` transfers at once, or fewer where memory is too small for
   * that many; each is sure of an equal small share.
   */
  constructor(records: number, transfersMax: number) {
    this.#records = records;
    this.#transfersMax = Math.max(1, Math.min(transfersMax, Math.floor(records / RECORDS_MIN)));
    // An eighth of an even share is kept back for each transfer that may yet come.
    this.#reserve = Math.max(RECORDS_MIN, Math.floor(records / this.#transfersMax / 8));
  }

  /** A transfer joins with no promise yet; false when there are too many. */
  open(id: string): boolean {
    if (this.#promised.size >= this.#transfersMax) return false;
    this.#promised.set(id, 0);
    return true;
  }

  /**
   * `outstanding`: records promised to `id` and not yet delivered. Returns how many more may be promised now: an even
   * share of what is not kept back, as far as others have not been promised more than theirs.
   */
  grant(id: string, outstanding: number): number {
    if (!this.#promised.has(id)) return 0;
    const active = this.#promised.size;
    const common = this.#records - this.#reserve * (this.#transfersMax - active);
    let others = 0;
    for (const [other, promised] of this.#promised)
      if (other !== id) others += Math.max(promised, this.#reserve);
    const share = Math.floor(common / active);
    const more = Math.max(0, Math.min(share, common - others) - outstanding);
    this.#promised.set(id, outstanding + more);
    return more;
  }

  close(id: string): void {
    this.#promised.delete(id);
  }
}
