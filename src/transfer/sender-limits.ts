// What the receiver's owner lets one sender do (its line in authorized_senders), as far as it shows in the announcement;
// and how fast and how much, as it shows on the way. Pure; the clock is an argument.
import { ZwireError } from '../bytes/zwire-error.ts';
import type { Announcement, AnnouncementKind } from '../wire/announce.ts';
import type { AuthorizedSender, SenderRules } from './transfer-keys.ts';
import type { Failure } from './worker-message.ts';

/** Plain data: it is handed to the receiving thread. */
export type TransferLimits = Pick<SenderRules, 'bitsPerSecondMax' | 'bytesMax'>;

/** How much may come at once, whatever the rate: a sender that waited a little catches up. */
const BURST_MS = 20;
const BURST_RECORDS_MIN = 4;
/** One-way nothing can hold a sender back: it is measured, and this much is forgiven. */
const ONE_WAY_GRACE_MS = 1000;

/** Throws SENDER_NOT_ALLOWED and SENDER_LIMIT. */
export function checkSender(sender: AuthorizedSender, announcement: Announcement): void {
  const { kinds, bytesMax } = sender.rules;
  const kind = kindOf(announcement);
  if (kinds !== undefined && !kinds.includes(kind)) {
    throw notAllowed(
      sender,
      'kinds',
      `${announcement.name} is a ${kind}, and it may send ${kinds.join(', ')} only`,
    );
  }
  if (bytesMax !== undefined && (announcement.sizeBytes ?? 0n) > bytesMax) {
    throw new ZwireError('SENDER_LIMIT', tooLong(sender.name, bytesMax), {
      fields: { sender: sender.name, bytesMax, sizeBytes: announcement.sizeBytes ?? 0n },
      hint: LIMIT_HINT,
    });
  }
}

/** What it is, which the word in the announcement need not be: an increment is a delta, a tree from its root a pool. */
function kindOf({ kind, fromSnapshot, recursive, name }: Announcement): AnnouncementKind {
  if (kind === 'file') return 'file';
  if (fromSnapshot !== undefined) return 'delta';
  return recursive && !name.includes('/') ? 'pool' : kind;
}

export function notAllowed(sender: AuthorizedSender, rule: string, why: string): ZwireError {
  return new ZwireError('SENDER_NOT_ALLOWED', `the receiver does not let ${sender.name} do that: ${why}`, {
    fields: { sender: sender.name, rule },
    hint: `Its line in authorized_senders says so (${rule}).`,
  });
}

const LIMIT_HINT = 'Raise max-bytes in its line in authorized_senders, or send less.';

function tooLong(name: string, bytesMax: bigint): string {
  return `${name} may send ${bytesMax} bytes in one transfer, and this is more`;
}

/** Holds one transfer to its sender's limits. */
export class Allowance {
  readonly #bytesMax: bigint | undefined;
  readonly #recordsPerMs: number;
  readonly #burstRecords: number;
  readonly #bytesPerMs: number;
  readonly #startMs: number;
  #records: number;
  #atMs: number;

  /** `recordBytes` is a full record: what one unit of credit may cost. */
  constructor(limits: TransferLimits, recordBytes: number, nowMs: number) {
    this.#bytesMax = limits.bytesMax;
    this.#bytesPerMs = (limits.bitsPerSecondMax ?? Infinity) / 8000;
    this.#recordsPerMs = this.#bytesPerMs / recordBytes;
    this.#burstRecords = Math.max(BURST_RECORDS_MIN, this.#recordsPerMs * BURST_MS);
    this.#records = this.#burstRecords;
    this.#startMs = nowMs;
    this.#atMs = nowMs;
  }

  /** The sender may be promised records below this, when all below `cumulative` are here. Never falls. */
  ceiling(cumulative: number, nowMs: number): number {
    if (this.#recordsPerMs === Infinity) return Infinity;
    const grown = this.#records + (nowMs - this.#atMs) * this.#recordsPerMs;
    this.#records = Math.max(this.#records, Math.min(grown, cumulative + this.#burstRecords));
    this.#atMs = nowMs;
    return Math.floor(this.#records);
  }

  /** Why the transfer must end, when it must. */
  exceeded(bytes: number, oneWay: boolean, nowMs: number): Failure | undefined {
    if (this.#bytesMax !== undefined && BigInt(bytes) > this.#bytesMax) {
      const message = tooLong('the sender', this.#bytesMax);
      return { code: 'SENDER_LIMIT', message, fields: { bytesMax: this.#bytesMax }, hint: LIMIT_HINT };
    }
    const allowed = (nowMs - this.#startMs + ONE_WAY_GRACE_MS) * this.#bytesPerMs;
    if (!oneWay || bytes <= allowed) return undefined;
    return {
      code: 'SENDER_LIMIT',
      message:
        'the sender is faster than its line in authorized_senders lets it, and one-way nothing can slow it',
      hint: 'Send with a --rate of at most its max-rate.',
    };
  }
}
