// Control messages of one transfer, in both directions: header, counter, sealing, replay window.
import {
  type ControlHeader,
  type ControlOpener,
  type ControlSealer,
  createControlOpener,
  createControlSealer,
} from '../seal/control-seal.ts';
import type { TransferId } from '../seal/handshake.ts';
import type { DirectionKey } from '../seal/session-keys.ts';
import { ReplayWindow } from '../wire/replay-window.ts';
import {
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
  emptySegmentHeader,
  encodeSegmentHeader,
} from '../wire/segment.ts';

const EMPTY: Uint8Array = new Uint8Array(0);

export class ControlChannel implements Disposable {
  readonly #sealer: ControlSealer;
  readonly #opener: ControlOpener;
  readonly #transferIdHigh: number;
  readonly #transferIdLow: number;
  readonly #window: ReplayWindow = new ReplayWindow();
  #counter = 0;

  constructor(outKey: DirectionKey, inKey: DirectionKey, transferIdHigh: number, transferIdLow: number) {
    this.#sealer = createControlSealer(outKey);
    this.#opener = createControlOpener(inKey);
    this.#transferIdHigh = transferIdHigh;
    this.#transferIdLow = transferIdLow;
  }

  /** A whole segment, ready to be sent once: every sending has its own counter. */
  write(type: number, body: Uint8Array, clear: Uint8Array = EMPTY): Uint8Array {
    const counter = ++this.#counter;
    const transferIdHigh = this.#transferIdHigh;
    const transferIdLow = this.#transferIdLow;
    const payload = this.#sealer.seal({ type, transferIdHigh, transferIdLow, counter }, clear, body);
    return controlSegment(type, { transferIdHigh, transferIdLow }, counter, payload);
  }

  /** The body of a received control segment; undefined when it is forged, damaged or was seen before. */
  read(header: SegmentHeader, payload: Uint8Array, clearBytes = 0): Uint8Array | undefined {
    const controlHeader: ControlHeader = {
      type: header.type,
      transferIdHigh: header.transferIdHigh,
      transferIdLow: header.transferIdLow,
      counter: header.record,
    };
    const body = this.#opener.open(controlHeader, payload, clearBytes);
    // The window moves only for what is authentic.
    if (body === undefined || !this.#window.accept(header.record)) return undefined;
    return body;
  }

  [Symbol.dispose](): void {
    this.#sealer[Symbol.dispose]();
    this.#opener[Symbol.dispose]();
  }
}

/** Payload with its header: a control message is one segment. */
export function controlSegment(
  type: number,
  { transferIdHigh, transferIdLow }: TransferId,
  counter: number,
  payload: Uint8Array,
): Uint8Array {
  const segment = new Uint8Array(SEGMENT_HEADER_BYTES + payload.byteLength);
  encodeSegmentHeader(new DataView(segment.buffer), 0, {
    ...emptySegmentHeader(),
    type,
    payloadBytes: payload.byteLength,
    transferIdHigh,
    transferIdLow,
    record: counter,
    segmentCount: 1,
    recordBytes: payload.byteLength,
  });
  segment.set(payload, SEGMENT_HEADER_BYTES);
  return segment;
}
