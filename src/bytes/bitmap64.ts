// A set of up to 64 small indexes kept as two unsigned 32-bit words (low: 0..31, high: 32..63), so that a
// hot path can hold thousands of them in Uint32Arrays without a BigInt or an object anywhere.

/** The low word of `{index}`: OR it into the set. 0 when the index lies in the high word. */
export function bitLow(index: number): number {
  return index < 32 ? (1 << index) >>> 0 : 0;
}

/** The high word of `{index}`: OR it into the set. 0 when the index lies in the low word. */
export function bitHigh(index: number): number {
  return index < 32 ? 0 : (1 << (index - 32)) >>> 0;
}

/** Whether the set holds `index` (0..63). */
export function hasBit(low: number, high: number, index: number): boolean {
  return ((index < 32 ? low >>> index : high >>> (index - 32)) & 1) === 1;
}

/** The low word of the set of all indexes below `count` (0..64). */
export function fullLow(count: number): number {
  return count >= 32 ? 0xffffffff : ((1 << count) - 1) >>> 0;
}

/** The high word of the set of all indexes below `count` (0..64). */
export function fullHigh(count: number): number {
  return count <= 32 ? 0 : count >= 64 ? 0xffffffff : ((1 << (count - 32)) - 1) >>> 0;
}

/** The low word of the indexes below `count` that the set lacks. */
export function missingLow(low: number, count: number): number {
  return (~low & fullLow(count)) >>> 0;
}

/** The high word of the indexes below `count` that the set lacks. */
export function missingHigh(high: number, count: number): number {
  return (~high & fullHigh(count)) >>> 0;
}

/** How many indexes the set holds (0..64). */
export function countBits(low: number, high: number): number {
  return countWord(low) + countWord(high);
}

/** The smallest index in the set, or -1 when it is empty. */
export function lowestBit(low: number, high: number): number {
  if (low !== 0) return 31 - Math.clz32(low & -low);
  if (high !== 0) return 63 - Math.clz32(high & -high);
  return -1;
}

/** The smallest index in the set that is at least `from` (0..64), or -1. Walks a set without changing it. */
export function nextBit(low: number, high: number, from: number): number {
  if (from >= 64) return -1;
  if (from >= 32) return lowestBit(0, high & (0xffffffff << (from - 32)));
  return lowestBit(low & (0xffffffff << from), high);
}

/** Hacker's Delight, figure 5-2: sums of 2, 4, 8 bits side by side. */
function countWord(word: number): number {
  let v = word - ((word >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
