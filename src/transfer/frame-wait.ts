// How a receiving loop waits when nothing has come. Looking into ring memory and sleeping 50 us beats poll(2) while
// data flows: a waiting receiver costs the sender a wake-up for every frame.
import { availableParallelism } from 'node:os';
import { WIDE_ZERO } from '../bytes/wide-zero.ts';
import type { FrameSource } from '../link/frame-source.ts';
import { POLLIN, Poller } from '../sys/descriptor.ts';
import * as libc from '../sys/libc.ts';

const NAP_US = 50;
/** On a single processor every nap is taken from the writer and the programs behind it. */
const MAY_NAP = availableParallelism() > 1;
/** Data seen within this time: nap. Later, but with transfers: poll shortly. Without: poll until mail may have come. */
const BUSY_MS = 10;
const POLL_ACTIVE_MS = 2;
const POLL_IDLE_MS = 20;
/** Something is held back, and may be read then. */
const POLL_HELD_MS = 1;

export class FrameWait {
  readonly #inbound: FrameSource;
  readonly #poller: Poller = new Poller();
  #seenAtMs = WIDE_ZERO;

  constructor(inbound: FrameSource) {
    this.#inbound = inbound;
  }

  /** Frames came in this turn. */
  seen(nowMs: number): void {
    this.#seenAtMs = nowMs;
  }

  /** Waits a little for frames; `active`: there are transfers. */
  rest(nowMs: number, active: boolean): void {
    if (active && MAY_NAP && this.#inbound.inMemory && nowMs - this.#seenAtMs < BUSY_MS) {
      libc.usleep(NAP_US);
      return;
    }
    this.#poller.clear();
    for (const fd of this.#inbound.descriptors) this.#poller.add(fd, POLLIN);
    const waitMs = active ? POLL_ACTIVE_MS : POLL_IDLE_MS;
    this.#poller.wait(this.#inbound.holdsBack ? POLL_HELD_MS : waitMs);
  }
}
