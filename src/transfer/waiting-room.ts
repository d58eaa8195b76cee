// Senders that were let in by their key and have not yet proved that they are there now: anyone who recorded their
// announcement can say it again. Nothing is opened for them, and there are never many; who does not answer is forgotten.
import { WIDE_ZERO } from '../bytes/wide-zero.ts';
import type { TransferId } from '../seal/handshake.ts';
import { wipeKey } from '../seal/session-keys.ts';
import type { Visitor } from './doorkeeper.ts';

const PLACES = 64;
const WAIT_MS = 5000;
/** A longer time between two looks is one in which this program stood still, and could not hear anybody. */
const LOOK_MS_MAX = 100;

export interface WaitingVisitor {
  readonly id: TransferId;
  readonly visitor: Visitor;
  /** By the room's own clock. */
  readonly sinceMs: number;
}

export class WaitingRoom {
  readonly #waiting: Map<string, WaitingVisitor> = new Map();
  /** Goes while somebody looks: whoever answers while we stand still has answered in time. */
  #clockMs = WIDE_ZERO;
  #lookedAtMs = WIDE_ZERO;

  /** Owns the visitor from here on; the one that has waited longest gives up its place where there is none. */
  add(name: string, id: TransferId, visitor: Visitor, nowMs: number): void {
    const [oldest] = this.#waiting.keys();
    if (this.#waiting.size >= PLACES && oldest !== undefined) this.drop(oldest);
    this.#waiting.set(name, { id, visitor, sinceMs: this.#look(nowMs) });
  }

  get(name: string): WaitingVisitor | undefined {
    return this.#waiting.get(name);
  }

  /** Hands the visitor over: its channel and keys are the caller's. */
  take(name: string): WaitingVisitor | undefined {
    const waiting = this.#waiting.get(name);
    this.#waiting.delete(name);
    return waiting;
  }

  drop(name: string): void {
    const waiting = this.take(name);
    if (waiting !== undefined) dismiss(waiting.visitor);
  }

  /** Forgets who has not answered in time; returns how many those were. */
  expire(nowMs: number): number {
    const clockMs = this.#look(nowMs);
    let count = 0;
    for (const [name, { sinceMs }] of this.#waiting) {
      // They stand in the order of their coming.
      if (clockMs - sinceMs <= WAIT_MS) break;
      this.drop(name);
      count++;
    }
    return count;
  }

  #look(nowMs: number): number {
    this.#clockMs += Math.min(LOOK_MS_MAX, nowMs - this.#lookedAtMs);
    this.#lookedAtMs = nowMs;
    return this.#clockMs;
  }

  clear(): void {
    for (const name of this.#waiting.keys()) this.drop(name);
  }
}

/** Gives back what a visitor that does not become a transfer holds. */
export function dismiss(visitor: Visitor): void {
  visitor.channel[Symbol.dispose]();
  wipeKey(visitor.keys.data);
  visitor.keyed?.payloadSecret?.fill(0);
}
