// A receiver whose transfer is a loop over chunks in the program itself.
//
//   listening -> chunks of one transfer -> verified -> confirm() -> the sender hears of success -> the loop ends
//
// Every chunk has been authenticated and is in order when it comes out, but only the end of the loop says that the
// whole stream was complete: what was made of it before then must be given up when the loop throws.
import type { Socket } from 'node:net';
import { ZwireError } from '../bytes/zwire-error.ts';
import { closeDescriptor } from '../sys/descriptor.ts';
import { createPipe } from '../sys/pipe.ts';
import type { LinkOptions } from '../transfer/endpoint.ts';
import type { EventListener } from '../transfer/event.ts';
import { receive } from '../transfer/receive.ts';
import type { CommitResult, Sink, SinkPolicy, SinkRequest } from '../transfer/sink.ts';
import type { ReceiverKeys } from '../transfer/transfer-keys.ts';
import { ChunkAssembler, CHUNKS_FEATURE } from './chunk-frames.ts';
import { copyOfKeys } from './copy-of-keys.ts';
import { PORT_DEFAULT } from './deliver.ts';
import { readPipe } from './pipe-stream.ts';

const TIMEOUT_MS_DEFAULT = 30_000;
const POOL_BYTES_DEFAULT: number = 64 * 1024 * 1024;

/** Where a Receiver listens, and what it takes. */
export interface ReceiverOptions {
  /** The address to listen on; any when absent or ''. */
  readonly address?: string;
  /** Default 1337. */
  readonly port?: number;
  /** In their place: any link, such as raw frames. */
  readonly link?: LinkOptions;
  /** Take what its authorized senders send, and nothing else. They stay the caller's to wipe. */
  readonly keys?: ReceiverKeys;
  /** Take datasets that nobody has signed. What a sender's onSend made is taken without it. */
  readonly insecure?: boolean;
  /**
   * Called when the loop has taken the last chunk. The sender hears of success when it resolves, and of failure when
   * it throws. Such as `() => reader.finish()`, with a DeltaReader.
   */
  readonly confirm?: () => Promise<CommitResult | void>;
  /** A sender not heard for this long is given up; default 30 s. */
  readonly timeoutMs?: number;
  /** Memory for what has arrived and was not taken by the loop yet, bytes; default 64 MiB. */
  readonly poolBytes?: number;
  readonly signal?: AbortSignal;
  readonly onEvent?: EventListener;
}

/**
 * Takes one transfer for each loop over it, and gives its chunks: what the sender's onSend returned, or without one
 * the send stream in pieces of up to 64 KiB. A slow loop holds the sender back; one that is left ends the transfer.
 * The loop throws PEER_LOST, INTERRUPTED, PORT_TAKEN, DIGEST_MISMATCH, and what `confirm` throws.
 */
export class Receiver implements AsyncDisposable, AsyncIterable<Uint8Array> {
  readonly #options: ReceiverOptions;
  readonly #abort: AbortController = new AbortController();
  readonly #receiving: Set<Promise<unknown>> = new Set();

  constructor(options: ReceiverOptions = {}) {
    this.#options = options;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    const leave = new AbortController();
    const handover = new Handover(this.#options);
    const receiving = this.#receive(handover, leave.signal);
    const settled = receiving.then(
      () => undefined,
      (error: unknown) => error,
    );
    this.#receiving.add(settled);
    try {
      const stream = await Promise.race([handover.opened, receiving.then(() => undefined)]);
      if (stream !== undefined) yield* handover.chunks(stream, receiving);
      await receiving;
    } finally {
      leave.abort();
      await settled;
      this.#receiving.delete(settled);
    }
  }

  /** Ends the loops that are under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#receiving);
  }

  async #receive(sink: SinkPolicy, leave: AbortSignal): Promise<void> {
    const { address, port = PORT_DEFAULT, link, keys, timeoutMs, poolBytes, signal, onEvent } = this.#options;
    const signals = [this.#abort.signal, leave, ...(signal === undefined ? [] : [signal])];
    const host = address === undefined || address === '' ? {} : { host: address };
    const { committed } = await receive({
      link: link ?? { kind: 'udp', port, ...host },
      wire: 'v1',
      sink,
      once: true,
      timeoutMs: timeoutMs ?? TIMEOUT_MS_DEFAULT,
      maxTransfers: 1,
      poolBytes: poolBytes ?? POOL_BYTES_DEFAULT,
      insecure: this.#options.insecure ?? false,
      ...(keys === undefined ? {} : { keys: copyOfKeys(keys) }),
      signal: AbortSignal.any(signals),
      onEvent: onEvent ?? (() => undefined),
    });
    if (committed === 0) throw new ZwireError('INTERRUPTED', 'the receiver was ended before a transfer came');
  }
}

interface IncomingChunks {
  readonly pieces: Socket;
  readonly framed: boolean;
}

/** Hands what the transfer writes to the loop, and the loop's end to the transfer. */
class Handover implements SinkPolicy {
  readonly opened: Promise<IncomingChunks>;
  readonly #options: ReceiverOptions;
  #open: (stream: IncomingChunks) => void = () => undefined;
  #left: (how: 'at its end' | 'early') => void = () => undefined;
  readonly #loop: Promise<'at its end' | 'early'>;
  #verified = false;

  constructor(options: ReceiverOptions) {
    this.#options = options;
    this.opened = new Promise((resolve) => (this.#open = resolve));
    this.#loop = new Promise((resolve) => (this.#left = resolve));
  }

  async decide({ announcement, sender }: SinkRequest): Promise<Sink> {
    if (announcement.kind !== 'file' && sender === undefined && this.#options.insecure !== true) {
      throw new ZwireError('INSECURE_REQUIRED', `${announcement.name} arrives without keys, and is refused`, {
        fields: { name: announcement.name },
        hint: 'Give both sides keys, or say insecure: true on both, on a wire that you trust.',
      });
    }
    const pipe = createPipe();
    const pieces = readPipe(pipe.readFd);
    // A stream that is broken off is destroyed before anybody reads on: the transfer says why.
    pieces.on('error', () => undefined);
    this.#open({ pieces, framed: announcement.features.includes(CHUNKS_FEATURE) });
    const target = 'the receiving program';
    return {
      fd: pipe.writeFd,
      target,
      mayStall: true,
      commit: async () => {
        this.#verified = true;
        closeDescriptor(pipe.writeFd);
        if ((await this.#loop) === 'early') throw notTaken();
        return (await this.#options.confirm?.()) ?? { target };
      },
      abort: async () => {
        pieces.destroy();
        closeDescriptor(pipe.writeFd);
        return undefined;
      },
    };
  }

  /** Ends well only after everything was verified; `receiving` has the reason when it was not. */
  async *chunks({ pieces, framed }: IncomingChunks, receiving: Promise<void>): AsyncGenerator<Uint8Array> {
    const assembler = new ChunkAssembler();
    const iterator = pieces[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await nextPiece(iterator);
        if (next === undefined) break;
        if (framed) yield* assembler.push(next);
        else yield next;
      }
      if (this.#verified && pieces.readableEnded) {
        assembler.end();
        this.#left('at its end');
      }
    } finally {
      this.#left('early');
      pieces.destroy();
    }
    await receiving;
  }
}

/** Undefined at the end, and where the stream was destroyed: whether it was the end, the transfer knows. */
async function nextPiece(iterator: AsyncIterator<Uint8Array>): Promise<Uint8Array | undefined> {
  try {
    const { done, value } = await iterator.next();
    return done === true ? undefined : value;
  } catch {
    return undefined;
  }
}

function notTaken(): ZwireError {
  return new ZwireError('SINK_FAILED', 'the receiving program left before it had taken everything');
}
