// Where transfers come in. Announcements that belong to none yet are looked at, kept waiting until their sender has
// spoken under the new keys, refused, or let in; whatever was answered is said again to whoever asks again.
//
//   announced -> (not for us: silence) | refused | waiting -> let in | refused | forgotten
//            \-> let in | refused                (open suite, one-way: nothing to wait for)
import type { FrameSource, Peer } from '../link/frame-source.ts';
import type { ReceiverLink } from '../link/link.ts';
import type { TransferId } from '../seal/handshake.ts';
import type { Announcement } from '../wire/announce.ts';
import { encodeJoin } from '../wire/join.ts';
import { MessageType, type SegmentHeader } from '../wire/segment.ts';
import type { CreditPool } from './credit-pool.ts';
import { Doorkeeper, type StrangerReport, type Visitor } from './doorkeeper.ts';
import { unlogged } from './key-log.ts';
import { LookBudget } from './look-budget.ts';
import { joinClearOf, type Refusal, type RefusedTransfer, Refusals } from './refusals.ts';
import { idOf, transferName } from './segment-owner.ts';
import { dismiss, WaitingRoom } from './waiting-room.ts';
import type { ReceiverData } from './worker-message.ts';

/** Refusals and other answers that are said again, a second. */
const REPEATS_A_SECOND = 100;

const UNCONFIRMED =
  'its sender did not go on: somebody said a recorded announcement again, or the sender has gone';

/** A visitor that becomes a transfer; credit is reserved under its name. */
export interface Admitted {
  readonly name: string;
  readonly id: TransferId;
  readonly visitor: Visitor;
}

/** What it needs of the receiver, and of the link: who has just spoken, and a way to answer. */
export type EntranceData = Pick<ReceiverData, 'keys' | 'keyLog' | 'maxTransfers'>;
export interface EntranceLink extends Pick<ReceiverLink, 'reply'> {
  readonly inbound: Pick<FrameSource, 'peer' | 'sourceIp'>;
}

export class Entrance {
  readonly #data: EntranceData;
  readonly #link: EntranceLink;
  readonly #credit: CreditPool;
  readonly #door: Doorkeeper;
  readonly #waiting: WaitingRoom = new WaitingRoom();
  readonly #refused: Refusals = new Refusals();
  readonly #repeats: LookBudget = new LookBudget(REPEATS_A_SECOND);

  constructor(data: EntranceData, link: EntranceLink, credit: CreditPool) {
    this.#data = data;
    this.#link = link;
    this.#credit = credit;
    this.#door = new Doorkeeper(data.keys, data.keyLog !== undefined);
  }

  /** Senders that are let in from now on. */
  authorize(authorized: readonly Uint8Array[]): void {
    this.#door.authorize(authorized);
  }

  /** Whether the announcement in the current frame, with its payload at `at`, stays outside without a closer look. */
  turnsAway(header: SegmentHeader, bytes: Uint8Array, at: number, nowMs: number): boolean {
    return this.#door.turnsAway(header, bytes, at, nowMs, this.#link.inbound.sourceIp());
  }

  /** An announcement that belongs to no transfer under way, and was not turned away. */
  onAnnounce(header: SegmentHeader, payload: Uint8Array, nowMs: number): Admitted | undefined {
    const name = transferName(header);
    const peer = this.#link.inbound.peer();
    const refusal = this.#refused.get(name);
    if (refusal !== undefined) {
      if (this.mayRepeat(nowMs)) this.#reply(peer, refusal);
      return undefined;
    }
    const waiting = this.#waiting.get(name)?.visitor;
    if (waiting !== undefined) {
      // To whoever asks: the first to ask may have been someone who saw the announcement.
      if (isSame(waiting.keyed?.announce, payload) && this.mayRepeat(nowMs)) this.#sayUndecided(waiting);
      return undefined;
    }
    const visitor = this.#door.look(header, payload, nowMs, peer.ip);
    if (visitor === undefined) return undefined;
    const id = idOf(header);
    if (visitor.keyed?.joinClear === undefined) return this.#admit({ name, id, visitor });
    this.#waiting.add(name, id, visitor, nowMs);
    this.#sayUndecided(visitor);
    return undefined;
  }

  /**
   * Any other message that belongs to no transfer: whoever speaks under the new keys has heard our answer, and is
   * there now.
   */
  onMessage(header: SegmentHeader, payload: Uint8Array): Admitted | undefined {
    const name = transferName(header);
    const channel = this.#waiting.get(name)?.visitor.channel;
    if (channel?.read(header, payload) === undefined) return undefined;
    if (header.type === MessageType.abort) {
      this.#waiting.drop(name);
      return undefined;
    }
    const waiting = this.#waiting.take(name);
    return waiting && this.#admit({ name, id: waiting.id, visitor: waiting.visitor });
  }

  /** Whether an answer may be said once more in this second. */
  mayRepeat(nowMs: number): boolean {
    return this.#repeats.take(nowMs);
  }

  /** Refuses a transfer for good, and says so `times`. */
  refuse(name: string, transfer: RefusedTransfer, refusal: Refusal, peer: Peer, times: number): void {
    const join = this.#refused.add(name, transfer, refusal);
    for (let count = 0; count < times; count++) this.#reply(peer, join);
  }

  /** What is due by time: forgets who did not go on; now and then tells of strangers. */
  serve(nowMs: number): StrangerReport | undefined {
    if (this.#waiting.expire(nowMs) > 0) this.#door.turnAway(UNCONFIRMED);
    return this.#door.report(nowMs);
  }

  clear(): void {
    this.#waiting.clear();
  }

  #admit(admitted: Admitted): Admitted | undefined {
    const { name, id, visitor } = admitted;
    const refusal =
      unlogged(this.#data.keyLog, id, visitor) ??
      this.#door.objection(visitor) ??
      this.#roomFor(name, visitor.announcement);
    if (refusal === undefined) return admitted;
    this.refuse(name, visitor, refusal, this.#link.inbound.peer(), 1);
    dismiss(visitor);
    return undefined;
  }

  /** Room for one more, or why not. A refused transfer stays refused: its next announcement is another transfer. */
  #roomFor(name: string, announcement: Announcement): Refusal | undefined {
    if (announcement.feedback === 'many' || announcement.fecDataRecords > 0) {
      const message = 'this receiver knows neither many receivers of one stream nor forward error correction';
      return { code: 'UNSUPPORTED', message };
    }
    if (this.#credit.open(name)) return undefined;
    return {
      code: 'LIMIT',
      message: `the receiver already takes ${this.#data.maxTransfers} transfers at once (--max-transfers); try again later`,
    };
  }

  #sayUndecided(visitor: Visitor): void {
    const answer = encodeJoin({ accepted: 'undecided' });
    const clear = joinClearOf(visitor.keyed?.joinClear);
    this.#link.reply(this.#link.inbound.peer(), visitor.channel.write(MessageType.join, answer, clear));
  }

  /** Nothing is said to a one-way sender. */
  #reply(peer: Peer, join: Uint8Array): void {
    if (join.byteLength > 0) this.#link.reply(peer, join);
  }
}

/** Whether the payload is the announcement that the transfer began with. */
export function isSame(one: Uint8Array | undefined, other: Uint8Array): boolean {
  return one !== undefined && Buffer.compare(one, other) === 0;
}
