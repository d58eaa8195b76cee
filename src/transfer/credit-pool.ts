// Divides the receiver's memory among transfers. Credit once given is never taken back, so what is promised to all
// together never exceeds the pool, and a stalled transfer cannot starve the next. Pure.

export class CreditPool {
  readonly #records: number;
  readonly #reserve: number;
  readonly #transfersMax: number;
  readonly #promised: Map<string, number> = new Map();
  #total = 0;

  /** `records` slots in all, for at most `transfersMax` transfers at once; each is sure of an equal small share. */
  constructor(records: number, transfersMax: number) {
    this.#records = records;
    this.#transfersMax = transfersMax;
    // An eighth of an even share is kept back for each transfer that may yet come.
    this.#reserve = Math.max(2, Math.floor(records / transfersMax / 8));
  }

  /** A transfer joins with no promise yet; false when there are too many. */
  open(id: string): boolean {
    if (this.#promised.size >= this.#transfersMax) return false;
    this.#promised.set(id, 0);
    return true;
  }

  /** `outstanding`: records promised to `id` and not yet delivered. Returns how many more may be promised now. */
  grant(id: string, outstanding: number): number {
    const before = this.#promised.get(id) ?? 0;
    this.#total -= before;
    const active = this.#promised.size;
    const reserved = this.#reserve * (this.#transfersMax - active);
    const fairShare = Math.floor((this.#records - reserved) / active);
    const share = active === 1 ? this.#records - reserved : fairShare;
    const free = this.#records - this.#total - outstanding - reserved;
    const more = Math.max(0, Math.min(share - outstanding, free));
    this.#promised.set(id, outstanding + more);
    this.#total += outstanding + more;
    return more;
  }

  close(id: string): void {
    this.#total -= this.#promised.get(id) ?? 0;
    this.#promised.delete(id);
  }
}
