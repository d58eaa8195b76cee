// When a receiver says what it has, and the bytes of it (docs/protocol.md, "STATUS").
import { controlBodyBytesForMtu } from '../wire/limits.ts';
import { type Status, emptyStatus, encodeStatus } from '../wire/status.ts';
import type { InboundTransfer } from './inbound-transfer.ts';

/** A sixth of the sender's window: it never waits for news, and the news costs little. */
const EVERY_RECORDS = 16;
const CHANGED_MS = 1;
/** A gap that stays is named again; the sender holds repeats back for a round trip. */
const GAP_EVERY_MS = 2;
const IDLE_MS = 100;
const AFTER_END_MS = 20;

export class StatusWriter {
  readonly #status: Status = emptyStatus();
  readonly #body: Uint8Array = new Uint8Array(controlBodyBytesForMtu(9000));
  readonly #view: DataView = new DataView(this.#body.buffer);
  readonly #sentAtMs: WeakMap<InboundTransfer, number> = new WeakMap();

  due(transfer: InboundTransfer, nowMs: number): boolean {
    if (transfer.freshRecords >= EVERY_RECORDS) return true;
    const sinceMs = nowMs - (this.#sentAtMs.get(transfer) ?? 0);
    if (transfer.dirty && sinceMs >= CHANGED_MS) return true;
    if (sinceMs >= GAP_EVERY_MS && transfer.table.hasGaps()) return true;
    return sinceMs >= IDLE_MS;
  }

  dueAfterEnd(transfer: InboundTransfer, nowMs: number): boolean {
    return nowMs - (this.#sentAtMs.get(transfer) ?? 0) >= AFTER_END_MS;
  }

  /** The body of a STATUS for now; valid until the next call. */
  encode(transfer: InboundTransfer, drops: number, bodyBytesMax: number, nowMs: number): Uint8Array {
    this.#sentAtMs.set(transfer, nowMs);
    transfer.dirty = false;
    transfer.freshRecords = 0;
    const status = this.#status;
    const { table } = transfer;
    status.state = stateOf(transfer);
    status.cumulative = table.cumulative;
    status.delivered = transfer.delivered;
    status.highest = table.highest;
    status.creditLimit = transfer.creditLimit;
    status.echoTimeUs = transfer.echoTimeUs;
    status.ringDrops = drops;
    status.badRecords = transfer.badRecords;
    table.listMissing(status, nowMs);
    status.resultCode = transfer.result.code;
    status.resultText = transfer.result.text;
    return this.#body.subarray(0, encodeStatus(this.#view, 0, status, bodyBytesMax));
  }
}

function stateOf(transfer: InboundTransfer): Status['state'] {
  if (transfer.state === 'committed' || transfer.state === 'failed') return transfer.state;
  if (transfer.state === 'draining') return 'draining';
  return transfer.table.highest >= transfer.creditLimit ? 'stalled' : 'receiving';
}
