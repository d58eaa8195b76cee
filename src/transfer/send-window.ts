// The sender's window: which records may leave, which are acknowledged, which must go again, and when to ask.
// Pure: time comes in as an argument, frames go out through what it returns.
//
//   acknowledged ........ next ........ end of window
//   |<-- in flight ------>|<-- may go ->|     end = min(credit limit, acknowledged + min(slots, link, congestion))
//
// Loss by a slow receiver cannot happen: the credit limit is backed by its memory. What is lost on the wire comes
// back as STATUS entries (missing segments); what was lost at the very end is found by a probe whose echo tells how
// far the receiver had seen when everything before the probe must have arrived.
import { WIDE_ZERO } from '../bytes/wide-zero.ts';
import type { Status } from '../wire/status.ts';

/** Records in flight at the start; doubles every round trip until the first drop. */
const INITIAL_WINDOW = 32;
const WINDOW_MIN = 4;
const DECREASE = 0.7;
/** Share of records repeated within a round trip that counts as congestion rather than as a bad cable. */
const CONGESTION_LOSS = 0.05;
const RTO_MS_MIN = 2;
const RTO_MS_MAX = 200;
/** Until something has been measured. */
const INITIAL_RTT_MS = 1;
const INITIAL_RTO_MS = 10;
/** A repeat is given a round trip and this much before the next STATUS may ask for it again. */
const REPEAT_GRACE_MS = 1;
/** Without any STATUS for this long, ask: a lost window update would otherwise stop the transfer. */
const SILENCE_MS = 250;
/** Probes whose echo is awaited: on a long way several are out at once. */
const PROBES_MAX = 32;

interface Probe {
  readonly timeUs: number;
  /** Number of the next new record when it left. */
  readonly next: number;
}

export interface SendWindowOptions {
  /** Records whose sealed bytes the sender keeps for repeats. */
  readonly slots: number;
  /** Records the receiver's link can hold unread (JOIN). */
  readonly linkRecords: number;
  /** First credit (JOIN): the sender may send records below it. */
  readonly creditLimit: number;
  readonly nowMs: number;
}

/** Called for each record that must go again, with a bitmap of its missing segments. */
export type RepeatListener = (record: number, missingLow: number, missingHigh: number) => void;

export class SendWindow {
  /** Number of the next new record. */
  next = 0;
  /** All records below are authenticated and held by the receiver. */
  acknowledged: number = WIDE_ZERO;
  /** All records below are in the sink. */
  delivered: number = WIDE_ZERO;
  smoothedRttMs: number = WIDE_ZERO;
  /** Why nothing more may leave: the receiver's memory is full (its sink is slow), or the way there is. */
  limitedBy: 'nothing' | 'credit' | 'window' = 'nothing';
  readonly #options: SendWindowOptions;
  readonly #sentAtMs: Float64Array;
  readonly #repeatedAtMs: Float64Array;
  #creditLimit: number;
  #windowRecords: number;
  #slowStart = true;
  #additive = 0;
  #highest = WIDE_ZERO;
  #heardAtMs: number;
  #progressAtMs: number;
  #decreasedAtMs = WIDE_ZERO;
  #rtoMs = WIDE_ZERO;
  #backoff = 1;
  readonly #probes: Probe[] = [];
  #rttMeasured = false;
  #askedAtMs = WIDE_ZERO;
  #dropsSeen: number | undefined;
  #epochAtMs: number;
  #epochRepeats = 0;
  #epochFirst = 0;

  constructor(options: SendWindowOptions) {
    this.#options = options;
    this.#sentAtMs = new Float64Array(options.slots);
    this.#repeatedAtMs = new Float64Array(options.slots);
    this.#creditLimit = options.creditLimit;
    this.#windowRecords = Math.min(INITIAL_WINDOW, options.linkRecords, options.slots);
    this.acknowledged = 0;
    this.delivered = 0;
    this.smoothedRttMs = INITIAL_RTT_MS;
    this.#rtoMs = INITIAL_RTO_MS;
    this.#heardAtMs = options.nowMs;
    this.#progressAtMs = options.nowMs;
    this.#epochAtMs = options.nowMs;
  }

  get inFlight(): number {
    return this.next - this.acknowledged;
  }

  /** Records that may be in flight now. */
  get windowRecords(): number {
    return this.#windowRecords;
  }

  /** Records that the receiver's memory still has room for. */
  get creditRecords(): number {
    return Math.max(0, this.#creditLimit - this.next);
  }

  /** When a record in flight left first, ms. */
  sentAtMs(record: number): number {
    return this.#sentAtMs[this.slotOf(record)] ?? 0;
  }

  slotOf(record: number): number {
    return record % this.#options.slots;
  }

  /** Whether the next record may leave; sets `limitedBy`. */
  maySend(): boolean {
    if (this.next >= this.#creditLimit) this.limitedBy = 'credit';
    else if (this.inFlight >= this.#windowRecords) this.limitedBy = 'window';
    else this.limitedBy = 'nothing';
    return this.limitedBy === 'nothing';
  }

  /** The next record left. */
  sent(nowMs: number): void {
    const slot = this.slotOf(this.next);
    this.#sentAtMs[slot] = nowMs;
    this.#repeatedAtMs[slot] = 0;
    if (this.inFlight === 0) this.#progressAtMs = nowMs;
    this.next++;
  }

  /** How long nothing was heard, ms. */
  silenceMs(nowMs: number): number {
    return nowMs - this.#heardAtMs;
  }

  /** Takes a STATUS in: frees what is acknowledged and names what must go again. A stale one changes nothing. */
  onStatus(status: Status, nowMs: number, repeat: RepeatListener): void {
    this.#heardAtMs = nowMs;
    if (status.cumulative > this.next || status.highest > this.next) return;
    this.#creditLimit = Math.max(this.#creditLimit, status.creditLimit);
    this.delivered = Math.max(this.delivered, status.delivered);
    this.#acknowledge(status, nowMs);
    this.#noticeDrops(status.ringDrops, nowMs);
    const holdOffMs = this.smoothedRttMs * 1.25 + REPEAT_GRACE_MS;
    for (let index = 0; index < status.entryCount; index++) {
      const record = status.entryRecords[index] ?? 0;
      const low = status.entryMissingLow[index] ?? 0;
      const high = status.entryMissingHigh[index] ?? 0;
      this.#repeatOnce(record, low, high, nowMs, holdOffMs, repeat);
    }
    // Everything sent before the probe has arrived or is lost: beyond the highest seen, it is lost.
    const sentBefore = this.#answeredProbe(status.echoTimeUs);
    const from = Math.max(status.highest, this.acknowledged);
    for (let record = from; record < sentBefore; record++) {
      this.#repeatOnce(record, 0xffff_ffff, 0xffff_ffff, nowMs, holdOffMs, repeat);
    }
    this.#judgeEpoch(nowMs);
  }

  /** The next record when the echoed probe left, 0 for an echo that tells nothing new. Older probes are settled too. */
  #answeredProbe(echoTimeUs: number): number {
    const index = this.#probes.findIndex((probe) => probe.timeUs === echoTimeUs);
    const probe = this.#probes[index];
    if (probe === undefined) return 0;
    this.#probes.splice(0, index + 1);
    return probe.next;
  }

  #acknowledge(status: Status, nowMs: number): void {
    const fresh = status.cumulative - this.acknowledged;
    if (status.highest > this.#highest) {
      const slot = this.slotOf(status.highest - 1);
      if (this.#repeatedAtMs[slot] === 0) this.#measureRtt(nowMs - (this.#sentAtMs[slot] ?? nowMs));
      this.#highest = status.highest;
      this.#progressAtMs = nowMs;
      this.#backoff = 1;
    }
    if (fresh <= 0) return;
    this.acknowledged = status.cumulative;
    this.#progressAtMs = nowMs;
    this.#backoff = 1;
    this.#grow(fresh);
  }

  #measureRtt(sampleMs: number): void {
    this.smoothedRttMs = this.#rttMeasured
      ? this.smoothedRttMs + (sampleMs - this.smoothedRttMs) / 8
      : sampleMs;
    this.#rttMeasured = true;
    this.#rtoMs = Math.max(RTO_MS_MIN, 2 * this.smoothedRttMs + 1);
  }

  get #windowMost(): number {
    return Math.min(this.#options.slots, this.#options.linkRecords);
  }

  #grow(acknowledged: number): void {
    const most = this.#windowMost;
    if (this.#slowStart) {
      this.#windowRecords = Math.min(most, this.#windowRecords + acknowledged);
      return;
    }
    this.#additive += acknowledged;
    if (this.#additive < this.#windowRecords) return;
    this.#additive = 0;
    this.#windowRecords = Math.min(most, this.#windowRecords + 1);
  }

  /** The receiver counts since its start: what it had dropped before us says nothing about our window. */
  #noticeDrops(drops: number, nowMs: number): void {
    this.#dropsSeen ??= drops;
    if (drops > this.#dropsSeen) this.#shrink(nowMs);
    this.#dropsSeen = Math.max(this.#dropsSeen, drops);
  }

  /** Once a round trip at the most: what is in flight still tells of the larger window. */
  #shrink(nowMs: number): void {
    if (nowMs - this.#decreasedAtMs < this.smoothedRttMs + REPEAT_GRACE_MS) return;
    this.#decreasedAtMs = nowMs;
    this.#slowStart = false;
    const least = Math.min(WINDOW_MIN, this.#windowMost);
    this.#windowRecords = Math.max(least, Math.floor(this.#windowRecords * DECREASE));
  }

  #repeatOnce(
    record: number,
    low: number,
    high: number,
    nowMs: number,
    holdOffMs: number,
    repeat: RepeatListener,
  ): void {
    if (record < this.acknowledged || record >= this.next) return;
    const slot = this.slotOf(record);
    const repeatedAtMs = this.#repeatedAtMs[slot] ?? 0;
    if (repeatedAtMs !== 0 && nowMs - repeatedAtMs < holdOffMs) return;
    this.#repeatedAtMs[slot] = nowMs;
    this.#epochRepeats++;
    repeat(record, low, high);
  }

  /** Loss without a counted drop is a bad cable up to a point; beyond it, some queue on the way overflows. */
  #judgeEpoch(nowMs: number): void {
    if (nowMs - this.#epochAtMs < Math.max(5, 2 * this.smoothedRttMs)) return;
    const records = this.next - this.#epochFirst;
    if (records >= 20 && this.#epochRepeats > records * CONGESTION_LOSS) this.#shrink(nowMs);
    this.#epochAtMs = nowMs;
    this.#epochFirst = this.next;
    this.#epochRepeats = 0;
  }

  /** Whether to send a PROBE now: no progress for a retransmission timeout, or silence. */
  probeDue(nowMs: number): boolean {
    const sinceAskedMs = nowMs - this.#askedAtMs;
    const waitMs = Math.min(RTO_MS_MAX, this.#rtoMs * this.#backoff);
    const stuck = this.inFlight > 0 && nowMs - this.#progressAtMs > waitMs && sinceAskedMs > waitMs;
    const silent = this.silenceMs(nowMs) > SILENCE_MS && sinceAskedMs > SILENCE_MS;
    return stuck || silent;
  }

  /** A PROBE with this time left; its echo decides what was lost at the end. */
  probed(timeUs: number, nowMs: number): void {
    if (this.#probes.length === PROBES_MAX) this.#probes.shift();
    this.#probes.push({ timeUs, next: this.next });
    this.#askedAtMs = nowMs;
    this.#backoff = Math.min(this.#backoff * 2, 64);
  }
}
