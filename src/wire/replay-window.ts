// The replay window of RFC 6479 for control messages: a message may overtake another, none is taken twice.
//
// A ring of 32-bit words holds one bit a counter. One word more than the window needs is kept, so that moving
// the window forward clears whole words and never shifts a bit. Pure: the caller verifies the message's tag
// between `isFresh` and `accept`, so that a forged counter cannot move the window.
import { LIMITS } from './limits.ts';

const WORD_BITS = 32;
const WORDS = LIMITS.replayWindow / WORD_BITS + 1;

/** One direction of one transfer. Counters start at 1 and are below 2^48. */
export class ReplayWindow {
  readonly #seen: Uint32Array = new Uint32Array(WORDS);
  #newest = 0;

  /** The largest counter accepted so far, 0 before the first. */
  get newest(): number {
    return this.#newest;
  }

  /**
   * Whether a message with this counter may be taken: it is new, or at most `LIMITS.replayWindow - 1` behind
   * the newest and not seen. Changes nothing: call it before the tag is verified.
   */
  isFresh(counter: number): boolean {
    if (counter < 1 || counter >= LIMITS.recordNumberEnd) return false;
    if (counter > this.#newest) return true;
    if (counter <= this.#newest - LIMITS.replayWindow) return false;
    const word = this.#seen[wordOf(counter) % WORDS] ?? 0;
    return ((word >>> (counter % WORD_BITS)) & 1) === 0;
  }

  /**
   * Marks a counter as seen and moves the window. Call it only after the tag was verified.
   *
   * @returns false, and changes nothing, when the counter is not fresh
   */
  accept(counter: number): boolean {
    if (!this.isFresh(counter)) return false;
    const word = wordOf(counter);
    if (counter > this.#newest) {
      const previous = wordOf(this.#newest);
      const passed = Math.min(word - previous, WORDS);
      for (let i = 0; i < passed; i++) this.#seen[(word - i) % WORDS] = 0;
      this.#newest = counter;
    }
    const at = word % WORDS;
    this.#seen[at] = ((this.#seen[at] ?? 0) | (1 << (counter % WORD_BITS))) >>> 0;
    return true;
  }
}

/** Division, not a shift: counters have 48 bits. */
function wordOf(counter: number): number {
  return Math.floor(counter / WORD_BITS);
}
