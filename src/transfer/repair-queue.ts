// Segments that must go again, packed into super-frames of any mix, straight from the stored ciphertext.
import { hasBit } from '../bytes/bitmap64.ts';
import type { Transmitter } from '../link/transmitter.ts';

export class RepairQueue {
  /** Segments sent again so far. */
  segments = 0;
  readonly #transmitter: Transmitter;
  #dirty = false;

  constructor(transmitter: Transmitter) {
    this.#transmitter = transmitter;
  }

  /** Queues the missing segments of the record in `slot`; bits past its segment count mean nothing. */
  add(slot: number, missingLow: number, missingHigh: number): void {
    const count = this.#transmitter.segmentCount(slot);
    for (let segment = 0; segment < count; segment++) {
      if (!hasBit(missingLow, missingHigh, segment)) continue;
      this.#transmitter.queueRepair(slot, segment);
      this.segments++;
      this.#dirty = true;
    }
  }

  /** Repairs do not wait for a batch to fill. */
  flush(): void {
    if (!this.#dirty) return;
    this.#dirty = false;
    this.#transmitter.flush();
  }
}
