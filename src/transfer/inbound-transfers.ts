// The transfers that a receiving worker knows, found by the header of a segment: nearly always the one of the segment
// before, which costs two comparisons.
import type { SegmentHeader } from '../wire/segment.ts';
import type { InboundTransfer } from './inbound-transfer.ts';
import { transferName } from './segment-owner.ts';

export class InboundTransfers {
  readonly #byName: Map<string, InboundTransfer> = new Map();
  #latest: InboundTransfer | undefined;
  /** The first is none of the 32-bit numbers that come. */
  #latestHigh = -Infinity;
  #latestLow = -Infinity;

  get size(): number {
    return this.#byName.size;
  }

  /** The one that was found last. */
  get latest(): InboundTransfer | undefined {
    return this.#latest;
  }

  /** Whose segment this is. */
  find(header: SegmentHeader): InboundTransfer | undefined {
    if (header.transferIdLow === this.#latestLow && header.transferIdHigh === this.#latestHigh)
      return this.#latest;
    const found = this.#byName.get(transferName(header));
    if (found !== undefined) {
      this.#latest = found;
      this.#latestHigh = header.transferIdHigh;
      this.#latestLow = header.transferIdLow;
    }
    return found;
  }

  get(name: string): InboundTransfer | undefined {
    return this.#byName.get(name);
  }

  add(transfer: InboundTransfer): void {
    this.#byName.set(transfer.id, transfer);
  }

  /** False when it was not there. */
  delete(transfer: InboundTransfer): boolean {
    if (this.#latest === transfer) {
      this.#latest = undefined;
      this.#latestHigh = -Infinity;
    }
    return this.#byName.delete(transfer.id);
  }

  [Symbol.iterator](): IterableIterator<InboundTransfer> {
    return this.#byName.values();
  }
}
