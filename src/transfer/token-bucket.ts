// A token bucket: bytes may leave at a rate, with a burst of a few milliseconds. Pure; the caller brings the clock.

/** The burst: what a timer that wakes late by this much may catch up. */
const BURST_MS = 4;

export class TokenBucket {
  readonly #bytesPerMs: number;
  readonly #burstBytes: number;
  #tokens: number;
  #filledAtMs: number;

  /** `unitBytes` is the largest single take; the burst holds at least two of it. */
  constructor(bitsPerSecond: number, unitBytes: number, nowMs: number) {
    this.#bytesPerMs = bitsPerSecond / 8000;
    this.#burstBytes = Math.max(2 * unitBytes, this.#bytesPerMs * BURST_MS);
    this.#tokens = unitBytes;
    this.#filledAtMs = nowMs;
  }

  /** Takes `bytes` if they may leave now; otherwise returns how long to wait, ms. 0 means taken. */
  take(bytes: number, nowMs: number): number {
    this.#tokens = Math.min(this.#burstBytes, this.#tokens + (nowMs - this.#filledAtMs) * this.#bytesPerMs);
    this.#filledAtMs = nowMs;
    if (this.#tokens >= bytes) {
      this.#tokens -= bytes;
      return 0;
    }
    return (bytes - this.#tokens) / this.#bytesPerMs;
  }
}
