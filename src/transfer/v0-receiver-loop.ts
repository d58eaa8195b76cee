// The receiving worker's loop for the seed's format: tells senders apart by their address, reassembles each one's
// chunks (wire/v0-reassembler.ts), and watches the clock. It answers nothing and never waits for a sink: when memory
// is full, the transfer is given up aloud.
import { randomBytes } from 'node:crypto';
import { formatIpv4 } from '../bytes/ipv4-address.ts';
import type { Peer } from '../link/frame-source.ts';
import type { ReceiverLink } from '../link/link.ts';
import { activityNumbers } from '../trace/activity.ts';
import type { Announcement } from '../wire/announce.ts';
import {
  V0_CHUNK_OVERHEAD_BYTES,
  type V0Chunk,
  type V0Message,
  type V0Preflight,
  decodeV0,
} from '../wire/v0.ts';
import { type V0Outcome, V0Reassembler } from '../wire/v0-reassembler.ts';
import { CreditPool } from './credit-pool.ts';
import { FrameWait } from './frame-wait.ts';
import { LookBudget } from './look-budget.ts';
import type { MailReceiver } from './mailbox.ts';
import type { SlotPool } from './slot-pool.ts';
import { isV0Abort } from './v0-abort.ts';
import { V0Inbound } from './v0-inbound.ts';
import type { Failure, ReceiverData, ReceiverMail, ReceiverMessage } from './worker-message.ts';
import { ReceiverTrace } from './worker-trace.ts';
import { WriteQueue } from './write-queue.ts';

const FRAMES_A_TURN = 64;
/** Drop counters cost a system call each. */
const DROPS_EVERY_MS = 20;
/** New transfers looked at a second; more pre-flights are dropped unread. */
const TRANSFERS_A_SECOND = 20;
/** Headers around the payload of a segment: what an announcement's geometry leaves out of the MTU. */
const SEGMENT_OVERHEAD_BYTES = 60;

/** One source address and port. */
interface Sender {
  readonly reassembler: V0Reassembler;
  readonly transfer: V0Inbound;
}

/** What a trace calls what the loop does. */
const DOES = activityNumbers('receiver');

export class V0ReceiverLoop {
  readonly #data: ReceiverData;
  readonly #link: ReceiverLink;
  readonly #pool: SlotPool;
  readonly #mail: MailReceiver<ReceiverMail>;
  readonly #post: (message: ReceiverMessage) => void;
  readonly #credit: CreditPool;
  readonly #trace: ReceiverTrace | undefined;
  /** By source address and port as one number. */
  readonly #senders: Map<number, Sender> = new Map();
  readonly #transfers: Map<string, V0Inbound> = new Map();
  readonly #wait: FrameWait;
  readonly #budget: LookBudget = new LookBudget(TRANSFERS_A_SECOND);
  #dropsAtMs = 0;
  #stopped = false;

  constructor(
    data: ReceiverData,
    link: ReceiverLink,
    pool: SlotPool,
    mail: MailReceiver<ReceiverMail>,
    post: (message: ReceiverMessage) => void,
  ) {
    this.#data = data;
    this.#link = link;
    this.#wait = new FrameWait(link.inbound);
    this.#pool = pool;
    this.#mail = mail;
    this.#post = post;
    this.#credit = new CreditPool(pool.slots, data.maxTransfers);
    if (data.activity !== undefined) this.#trace = new ReceiverTrace(data.activity);
  }

  run(): void {
    const { inbound } = this.#link;
    for (;;) {
      const nowMs = performance.now();
      let frames = 0;
      this.#trace?.activity.enter(DOES['receive and reassemble']);
      while (frames < FRAMES_A_TURN && inbound.next()) {
        this.#onFrame(nowMs);
        inbound.release();
        frames++;
      }
      this.#trace?.activity.enter(DOES.serve);
      for (let mail = this.#mail.take(); mail !== undefined; mail = this.#mail.take())
        this.#onMail(mail, nowMs);
      if (this.#stopped) return;
      this.#serve(nowMs, frames < FRAMES_A_TURN);
      if (frames > 0) this.#wait.seen(nowMs);
      else {
        this.#trace?.activity.enter(DOES.idle);
        this.#wait.rest(nowMs, this.#transfers.size > 0);
      }
    }
  }

  // --- frames

  /** A frame is one message, or several back to back where the kernel merged datagrams. */
  #onFrame(nowMs: number): void {
    const { memory, payloadOffset, payloadBytes } = this.#link.inbound;
    const peer = this.#link.inbound.peer();
    const key = peer.ip * 65_536 + peer.port;
    const endAt = payloadOffset + payloadBytes;
    for (let at = payloadOffset; at < endAt; ) {
      const payload = memory.bytes.subarray(at, endAt);
      const message = decodeV0(payload);
      if (message === undefined) {
        // Foreign, or the padding of a short frame.
        if (at === payloadOffset) this.#senders.get(key)?.transfer.counters.add('rejected', 1);
        return;
      }
      at += messageBytes(message, payload);
      this.#onMessage(message, key, peer, nowMs);
    }
  }

  #onMessage(message: V0Message, key: number, peer: Peer, nowMs: number): void {
    const known = this.#senders.get(key);
    if (known === undefined && message.type !== 'preflight') return;
    const reassembler = known?.reassembler ?? new V0Reassembler();
    const outcome = reassembler.push(message);
    if (outcome === 'begin' && message.type === 'preflight') {
      this.#begin(message, key, peer, reassembler, nowMs);
      return;
    }
    const transfer = known?.transfer;
    if (transfer === undefined || !transfer.taking) return;
    transfer.heardAtMs = nowMs;
    if (message.type === 'chunk') this.#onChunk(message, outcome, transfer);
    else if (outcome === 'end') this.#onEnd(transfer);
  }

  #onChunk(chunk: V0Chunk, outcome: V0Outcome, transfer: V0Inbound): void {
    transfer.counters.add('frames', 1);
    switch (outcome) {
      case 'deliver':
        if (!transfer.append(chunk.data)) this.#break(transfer, this.#overflowed(transfer));
        break;
      case 'duplicate':
        transfer.counters.add('repeats', 1);
        break;
      case 'gap':
        this.#break(transfer, isV0Abort(chunk) ? ENDED_BY_SENDER : this.#lost(transfer));
        break;
      case 'corrupt':
        this.#break(transfer, damaged(transfer));
        break;
      default:
        transfer.counters.add('rejected', 1);
    }
  }

  #onEnd(transfer: V0Inbound): void {
    this.#takeDrops();
    const { drops } = transfer.counters.snapshot();
    if (drops > 0) {
      this.#break(transfer, endUnsure(drops));
      return;
    }
    transfer.end();
    if (transfer.state === 'draining') this.#postVerified(transfer);
  }

  #postVerified(transfer: V0Inbound): void {
    // The main thread reads the counters when it is told.
    transfer.publish();
    this.#post({ kind: 'verified', transfer: transfer.id });
  }

  #begin(message: V0Preflight, key: number, peer: Peer, reassembler: V0Reassembler, nowMs: number): void {
    const before = this.#senders.get(key)?.transfer;
    if (before?.taking === true) this.#break(before, BEGUN_ANEW);
    this.#senders.delete(key);
    if (!this.#budget.take(nowMs)) return;
    const from = `${formatIpv4(peer.ip)}:${peer.port}`;
    const id = randomBytes(8).toString('hex');
    if (!this.#credit.open(id)) {
      this.#turnAway(message.name, from);
      return;
    }
    const announcement = this.#announcementOf(message);
    const transfer = new V0Inbound(id, announcement, from, this.#pool, this.#credit, before, nowMs);
    this.#transfers.set(id, transfer);
    this.#senders.set(key, { reassembler, transfer });
    if (before === undefined || before.state === 'over') this.#announce(transfer);
  }

  #turnAway(name: string, from: string): void {
    const most = this.#data.maxTransfers;
    this.#post({
      kind: 'turnedAway',
      peer: from,
      message: `${name} is not taken: the receiver already takes ${most} transfers at once (--max-transfers)`,
    });
  }

  #announce(transfer: V0Inbound): void {
    const { id, announcement, peer } = transfer;
    transfer.announced = true;
    const counters = transfer.counters.shared;
    this.#post({ kind: 'announced', transfer: id, announcement, peer, counters });
  }

  /** What the pre-flight says, in the words of v1: it names no snapshot, no guid and no size. */
  #announcementOf({ kind, name }: V0Preflight): Announcement {
    return {
      kind,
      name,
      recursive: kind === 'pool',
      features: [],
      segmentPayloadBytes: this.#link.mtuBytes - SEGMENT_OVERHEAD_BYTES,
      fecDataRecords: 0,
      fecParityRecords: 0,
      feedback: 'none',
      timeoutMs: this.#data.timeoutMs,
    };
  }

  #lost(transfer: V0Inbound): Failure {
    const chunk = transfer.chunks;
    this.#takeDrops();
    const { drops } = transfer.counters.snapshot();
    const where = drops > 0 ? ` (${drops} were dropped here: they came too fast)` : '';
    return {
      code: 'DATA_LOST',
      message: `frames were lost on the way from chunk ${chunk} on${where}, and v0 cannot bring them back`,
      fields: { chunk, drops },
      hint: 'Nothing was committed. Send again with a lower --rate, or with v1 if both sides are zwire.',
    };
  }

  #overflowed(transfer: V0Inbound): Failure {
    const chunk = transfer.chunks;
    const poolBytes = this.#pool.memory.byteLength;
    return {
      code: 'DATA_LOST',
      message: `memory was full when chunk ${chunk} came: the sink is slower than the sender, and v0 cannot make it wait`,
      fields: { chunk, poolBytes },
      hint: 'Nothing was committed. Send again with a lower --rate, or give the receiver more --pool-memory.',
    };
  }

  // --- mail from the main thread

  #onMail(mail: ReceiverMail, nowMs: number): void {
    if (mail.kind === 'stop') {
      this.#stopped = true;
      return;
    }
    // v0 knows no keys.
    if (mail.kind === 'authorized') return;
    const transfer = this.#transfers.get(mail.transfer);
    if (transfer === undefined) return;
    if (mail.kind === 'accept') {
      if (transfer.state !== 'deciding') return;
      transfer.heardAtMs = nowMs;
      transfer.accept(WriteQueue.attach(mail.queue));
      if (transfer.ended) this.#postVerified(transfer);
      return;
    }
    // Refused, committed or failed: v0 has no word for any of them.
    this.#forget(transfer);
    this.#post({ kind: 'closed', transfer: transfer.id });
  }

  // --- what is due by time

  /** The ring is shared, and so is what it lost. */
  #takeDrops(): void {
    const fresh = this.#link.inbound.takeDrops();
    for (const transfer of this.#transfers.values()) transfer.counters.add('drops', fresh);
  }

  /** `caughtUp`: everything that had come was looked at, so silence is silence. */
  #serve(nowMs: number, caughtUp: boolean): void {
    // Without a transfer too: what was dropped before its pre-flight is not held against one.
    if (nowMs - this.#dropsAtMs > DROPS_EVERY_MS) {
      this.#dropsAtMs = nowMs;
      this.#takeDrops();
    }
    for (const transfer of this.#transfers.values()) this.#serveTransfer(transfer, nowMs, caughtUp);
  }

  #serveTransfer(transfer: V0Inbound, nowMs: number, caughtUp: boolean): void {
    transfer.takeDelivered();
    transfer.publish();
    if (!transfer.announced && transfer.predecessor?.state === 'over') this.#announce(transfer);
    const { timeoutMs } = this.#data;
    if (caughtUp && transfer.taking && nowMs - transfer.heardAtMs > timeoutMs) {
      this.#break(transfer, {
        code: 'PEER_LOST',
        message: `the sender has not been heard for ${timeoutMs / 1000} s`,
        hint: 'Nothing was committed. Check the sender and the link; --timeout SECONDS waits longer.',
      });
    }
  }

  #break(transfer: V0Inbound, failure: Failure): void {
    transfer.state = 'aborting';
    transfer.publish();
    if (!transfer.announced) this.#announce(transfer);
    this.#post({ kind: 'broken', transfer: transfer.id, failure });
  }

  #forget(transfer: V0Inbound): void {
    transfer.finish();
    this.#transfers.delete(transfer.id);
    for (const [key, sender] of this.#senders) {
      if (sender.transfer === transfer) this.#senders.delete(key);
    }
  }
}

/** How much of the payload a decoded message took. */
function messageBytes(message: V0Message, payload: Uint8Array): number {
  if (message.type === 'chunk') return message.data.byteLength + V0_CHUNK_OVERHEAD_BYTES;
  return message.type === 'end' ? 2 : 3 + (payload[2] ?? 0);
}

/** The end message names no count: that the last chunks are missing shows in nothing else. */
function endUnsure(drops: number): Failure {
  return {
    code: 'DATA_LOST',
    message: `the kernel dropped frames here (${drops}: they came too fast), and v0 cannot tell whether its last chunks were among them`,
    fields: { drops },
    hint: 'Nothing was committed. Send again with a lower --rate, or with v1 if both sides are zwire.',
  };
}

function damaged({ chunks: chunk }: V0Inbound): Failure {
  return {
    code: 'DIGEST_MISMATCH',
    message: `chunk ${chunk} was damaged on the way: its data does not fit its CRC-32, and v0 cannot bring it back`,
    fields: { chunk },
    hint: 'Nothing was committed. Send again; if it happens again, look at the cable and the network cards.',
  };
}

const ENDED_BY_SENDER: Failure = {
  code: 'PEER_ABORTED',
  message: 'the sender ended the transfer',
  hint: 'Nothing was committed. The sender says why.',
};
const BEGUN_ANEW: Failure = {
  code: 'PEER_ABORTED',
  message: 'the sender began anew before it had come to the end',
  hint: 'Nothing of what came before was committed.',
};
