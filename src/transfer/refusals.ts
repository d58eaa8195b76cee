// Transfers that were refused stay refused: their JOIN is kept as it was sealed, and said again to whoever asks again.
// A one-way sender hears nothing, so its entry is empty.
import { SEGMENT_HEADER_BYTES, MessageType } from '../wire/segment.ts';
import type { Announcement } from '../wire/announce.ts';
import { encodeJoin, encodeJoinClear, type JoinClear, type RefusalCode } from '../wire/join.ts';
import { controlBodyBytesForMtu } from '../wire/limits.ts';
import type { ControlChannel } from './control-channel.ts';

const REFUSALS_KEPT = 1024;
const EMPTY_JOIN_CLEAR: JoinClear = { nonce: new Uint8Array(32), ephemeralPublic: new Uint8Array(32) };

export interface Refusal {
  readonly code: RefusalCode;
  /** For a person. */
  readonly message: string;
}

/** What there is of a transfer when it is refused. */
export interface RefusedTransfer {
  readonly announcement: Announcement;
  readonly channel: ControlChannel;
  readonly keyed: { readonly joinClear: JoinClear | undefined } | undefined;
}

export class Refusals {
  readonly #joins: Map<string, Uint8Array> = new Map();

  /** The JOIN to say again, empty for a one-way sender; undefined when the transfer was not refused. */
  get(name: string): Uint8Array | undefined {
    return this.#joins.get(name);
  }

  /** Seals the refusal and remembers it, a bounded number of them. */
  add(name: string, { announcement, channel, keyed }: RefusedTransfer, refusal: Refusal): Uint8Array {
    const [oldest] = this.#joins.keys();
    if (this.#joins.size >= REFUSALS_KEPT && oldest !== undefined) this.#joins.delete(oldest);
    const join =
      announcement.feedback === 'none'
        ? new Uint8Array(0)
        : channel.write(
            MessageType.join,
            encodeJoin({ accepted: false, ...refusal }, bodyBytesMax(announcement)),
            joinClearOf(keyed?.joinClear),
          );
    this.#joins.set(name, join);
    return join;
  }
}

export function joinClearOf(clear: JoinClear | undefined): Uint8Array {
  return encodeJoinClear(clear ?? EMPTY_JOIN_CLEAR);
}

/** What fits a control message on the way back: the sender's segments tell its MTU. */
export function bodyBytesMax(announcement: Announcement): number {
  return controlBodyBytesForMtu(announcement.segmentPayloadBytes + SEGMENT_HEADER_BYTES + 28);
}
