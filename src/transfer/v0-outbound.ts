// The sender's side of one transfer in the seed's format: pre-flight, chunks, end, at a pace, with no way back.
// It runs in a worker as one loop that never returns to the event loop.
//
//   waiting for the source -> pre-flight x 3 -> chunks -> settling -> end x 3 -> delivered
//        any state -> aborted (v0-abort.ts)
//
//   settling: the source is at its end; its producer (zfs send) must still end well before the receiver is told so.
import { WIDE_ZERO } from '../bytes/wide-zero.ts';
import { ZwireError } from '../bytes/zwire-error.ts';
import type { FrameBatch } from '../link/frame-batch.ts';
import { HEADERS_BYTES } from '../link/frame-prefix.ts';
import type { SenderLink } from '../link/link.ts';
import { POLLIN, Poller } from '../sys/descriptor.ts';
import type { ActivityRecorder } from '../trace/activity-recorder.ts';
import { activityNumbers } from '../trace/activity.ts';
import {
  V0_CHUNK_OVERHEAD_BYTES,
  V0_REPEATS,
  type V0Kind,
  encodeV0End,
  encodeV0Preflight,
  v0ChunkDataBytes,
} from '../wire/v0.ts';
import { V0Chunker } from '../wire/v0-chunker.ts';
import type { Counters } from './counters.ts';
import type { MailReceiver } from './mailbox.ts';
import { SourceReader } from './source-reader.ts';
import { TokenBucket } from './token-bucket.ts';
import { V0_ABORT_BYTES, encodeV0Abort } from './v0-abort.ts';
import {
  type SenderData,
  type SenderMail,
  type SenderMessage,
  type TransferOutcome,
  errorOf,
} from './worker-message.ts';

const ETHERNET_HEADER_BYTES = 14;
/** Ahead of the chunks, so that the receiver has its sink open. */
const PREFLIGHT_EVERY_MS = 50;
const END_EVERY_MS = 10;
/** What is read at once and cut into chunks, about. */
const READ_BYTES = 65_536;
const BATCH_FRAMES = 32;
/** A slow source's bytes leave after this long, though they do not fill what is read at once. */
const PARTIAL_MS = 20;
const NAP_MS = 5;
const TRANSFER_ID = 0;

/**
 * The frame size, which in v0 counts the Ethernet header: the one wished for, or the MTU as the seed has it.
 * Throws FRAME_TOO_LARGE when its packet is over the MTU.
 */
export function v0FrameBytes(mtuBytes: number, wished: number | undefined): number {
  const most = mtuBytes + ETHERNET_HEADER_BYTES;
  if (wished === undefined || wished <= most) return wished ?? mtuBytes;
  throw new ZwireError(
    'FRAME_TOO_LARGE',
    `a frame size of ${wished} bytes is over the MTU, which is ${mtuBytes}`,
    {
      fields: { frameBytes: wished, mtuBytes },
      hint: `Leave --framesize out, or give at most ${most}: v0 counts the Ethernet header.`,
    },
  );
}

/** What a trace calls what the loop does. */
const DOES = activityNumbers('sender');

export class V0Outbound implements Disposable {
  readonly #data: SenderData;
  readonly #chunkBytes: number;
  readonly #mail: MailReceiver<SenderMail>;
  readonly #counters: Counters;
  readonly #post: (message: SenderMessage) => void;
  readonly #activity: ActivityRecorder | undefined;
  readonly #batch: FrameBatch;
  readonly #bucket: TokenBucket | undefined;
  readonly #chunker: V0Chunker = new V0Chunker(TRANSFER_ID);
  readonly #poller: Poller = new Poller();
  #sourceFd: number | undefined;
  #sourceDone = false;
  #bytes = WIDE_ZERO;
  #chunks = 0;
  #begun = false;

  constructor(
    data: SenderData,
    link: SenderLink,
    frameBytes: number,
    mail: MailReceiver<SenderMail>,
    counters: Counters,
    post: (message: SenderMessage) => void,
    activity?: ActivityRecorder,
  ) {
    this.#data = data;
    this.#chunkBytes = v0ChunkDataBytes(frameBytes);
    this.#mail = mail;
    this.#counters = counters;
    this.#bytes = 0;
    this.#post = post;
    this.#activity = activity;
    const payloadBytes = this.#chunkBytes + V0_CHUNK_OVERHEAD_BYTES;
    // A name has up to 255 bytes, also where chunks are smaller.
    this.#batch = link.createFrameBatch(BATCH_FRAMES, Math.max(payloadBytes, 512));
    const { rateBitsPerSecond } = data;
    if (rateBitsPerSecond !== undefined) {
      this.#bucket = new TokenBucket(rateBitsPerSecond, payloadBytes + HEADERS_BYTES, performance.now());
    }
  }

  /** Runs to the end; throws a ZwireError on any failure. */
  run(): TransferOutcome {
    const preflight = encodeV0Preflight(this.#kind(), TRANSFER_ID, this.#data.announcement.name);
    try {
      this.#post({ kind: 'accepted' });
      while (this.#sourceFd === undefined) this.#nap(NAP_MS);
      this.#begun = true;
      this.#repeat(preflight, PREFLIGHT_EVERY_MS);
      this.#stream(this.#sourceFd);
      this.#post({ kind: 'sourceEnded' });
      this.#activity?.enter(DOES['wait for the producer to end']);
      while (!this.#sourceDone) this.#nap(NAP_MS);
      this.#activity?.enter(DOES['repeat the end']);
      this.#repeat(encodeV0End(TRANSFER_ID), END_EVERY_MS);
      return { outcome: 'delivered' };
    } catch (error) {
      this.#break();
      throw error;
    } finally {
      this.#publish();
      // Books what was going on until now.
      this.#activity?.enter(DOES.send);
    }
  }

  /** v0 knows no files: one goes as the dataset it stands for. */
  #kind(): V0Kind {
    const { kind } = this.#data.announcement;
    return kind === 'file' ? 'dataset' : kind;
  }

  // --- mail and time

  #takeMail(): void {
    for (let mail = this.#mail.take(); mail !== undefined; mail = this.#mail.take()) {
      if (mail.kind === 'source') this.#sourceFd = mail.fd;
      else if (mail.kind === 'sourceDone') this.#sourceDone = true;
      else throw errorOf(mail.failure);
    }
  }

  #nap(timeoutMs: number): void {
    this.#takeMail();
    this.#mail.wait(timeoutMs);
    this.#takeMail();
  }

  #sleep(durationMs: number): void {
    const untilMs = performance.now() + durationMs;
    for (let leftMs = durationMs; leftMs > 0; leftMs = untilMs - performance.now()) {
      this.#nap(Math.min(leftMs, 100));
    }
  }

  // --- frames

  #repeat(message: Uint8Array, everyMs: number): void {
    for (let times = 0; times < V0_REPEATS; times++) {
      this.#pace(message.byteLength);
      this.#batch.add(message.byteLength).set(message);
      this.#batch.flush();
      this.#sleep(everyMs);
    }
  }

  #stream(fd: number): void {
    const capacity = Math.max(1, Math.floor(READ_BYTES / this.#chunkBytes)) * this.#chunkBytes;
    using reader = new SourceReader(fd, capacity);
    let waitingSinceMs = 0;
    for (;;) {
      this.#takeMail();
      this.#activity?.enter(DOES.read);
      reader.fill();
      if (!reader.full && !reader.ended) {
        const nowMs = performance.now();
        if (waitingSinceMs === 0) waitingSinceMs = nowMs;
        if (reader.filled === 0 || nowMs - waitingSinceMs <= PARTIAL_MS) {
          this.#waitForSource(nowMs, fd);
          continue;
        }
      }
      waitingSinceMs = 0;
      this.#sendChunks(reader);
      if (reader.ended) break;
      reader.reset();
    }
    this.#batch.flush();
    this.#publish();
  }

  #sendChunks(reader: SourceReader): void {
    const { bytes } = reader.memory;
    this.#activity?.enter(DOES.send);
    for (let at = 0; at < reader.filled; at += this.#chunkBytes) {
      const data = bytes.subarray(at, Math.min(at + this.#chunkBytes, reader.filled));
      const messageBytes = data.byteLength + V0_CHUNK_OVERHEAD_BYTES;
      this.#pace(messageBytes);
      this.#chunker.next(this.#batch.add(messageBytes), data);
      this.#bytes += data.byteLength;
      this.#chunks++;
    }
    this.#publish();
  }

  /** Waits until the rate or the pause allows the next frame. */
  #pace(messageBytes: number): void {
    const { pauseMs } = this.#data;
    if (pauseMs > 0) {
      this.#batch.flush();
      this.#sleep(pauseMs);
    }
    if (this.#bucket === undefined) return;
    for (;;) {
      const nowMs = performance.now();
      const waitMs = this.#bucket.take(messageBytes + HEADERS_BYTES, nowMs);
      if (waitMs === 0) return;
      this.#batch.flush();
      this.#publish();
      this.#activity?.enter(DOES['wait for the rate']);
      this.#nap(Math.min(waitMs, NAP_MS));
      this.#activity?.enter(DOES.send);
      this.#counters.add('waitWireMs', performance.now() - nowMs);
    }
  }

  #waitForSource(sinceMs: number, fd: number): void {
    this.#batch.flush();
    this.#publish();
    this.#poller.clear();
    this.#poller.add(fd, POLLIN);
    this.#activity?.enter(DOES['wait for the source']);
    this.#poller.wait(NAP_MS);
    this.#counters.add('waitSourceMs', performance.now() - sinceMs);
  }

  /** Ends the receiver's wait, once it has heard of the transfer. */
  #break(): void {
    if (!this.#begun) return;
    try {
      for (let times = 0; times < V0_REPEATS; times++) {
        encodeV0Abort(this.#batch.add(V0_ABORT_BYTES), TRANSFER_ID, this.#chunks);
      }
      this.#batch.flush();
    } catch (error) {
      // The first error is the one to report; that this could not leave either only confirms it.
      if (!(error instanceof Error)) throw error;
    }
  }

  #publish(): void {
    this.#counters.set('bytes', this.#bytes);
    this.#counters.set('records', this.#chunks);
    this.#counters.set('frames', this.#batch.framesSent);
    this.#counters.set('segments', this.#batch.framesSent);
  }

  [Symbol.dispose](): void {
    this.#batch[Symbol.dispose]();
    this.#poller[Symbol.dispose]();
  }
}
