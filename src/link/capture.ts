// Records the frames of one UDP port, both directions, into a capture file: what tcpdump would do with
// `udp port PORT`, for hosts that have none.
import { setTimeout as nap } from 'node:timers/promises';
import { usableInterface } from './addresses.ts';
import { CaptureRing, type CapturedFrame } from '../sys/capture-ring.ts';
import type { CaptureShape } from '../sys/packet-socket.ts';
import { captureFilter } from '../sys/socket-filter.ts';
import { encodePcapHeader, encodePcapRecord, PCAP_RECORD_BYTES } from '../wire/pcap.ts';

/** 128 MiB: half a second of 2 Gbit/s, 50 ms of 20 Gbit/s, while the file is being written. */
const SHAPE: CaptureShape = { blockBytes: 1 << 20, blocks: 128, retireMs: 20 };
/** How long the ring is left alone when it was found empty. */
const NAP_MS = 5;

/** More than any frame has. */
export const SNAP_BYTES_MAX = 262_144;

export interface CaptureOptions {
  readonly interfaceName: string;
  readonly port: number;
  /** Ends after so many frames. */
  readonly frameCountMax: number;
  /** What is kept of a frame. */
  readonly snapBytes: number;
  /** Ends the capture in good order. */
  readonly signal: AbortSignal;
  /** Called once, when every frame from now on is seen. */
  readonly onReady: () => void;
  /** Takes bytes of the file in their order; the next are not made before it has resolved. False ends the capture. */
  readonly write: (bytes: Uint8Array) => Promise<boolean>;
}

export interface CaptureResult {
  readonly frames: number;
  /** Bytes of the file. */
  readonly bytes: number;
  /** Frames that the kernel dropped because the file was not written fast enough. */
  readonly drops: number;
}

/** @throws ZwireError INTERFACE_MISSING, INTERFACE_DOWN, PRIVILEGE_MISSING, and what `write` throws */
export async function captureFrames(options: CaptureOptions): Promise<CaptureResult> {
  const { port, snapBytes, signal } = options;
  const { index, loopback } = usableInterface(options.interfaceName);
  using ring = new CaptureRing(index, captureFilter(port, snapBytes), SHAPE, true);
  const output = new PcapOutput(ring, options.frameCountMax, loopback);
  let bytes = 0;
  const write = async (made: Uint8Array): Promise<boolean> => {
    bytes += made.byteLength;
    return options.write(made);
  };
  let open = await write(encodePcapHeader(snapBytes));
  options.onReady();
  for (;;) {
    const stopping = signal.aborted;
    // What came before the signal may lie in a block that is not yet full.
    if (stopping) await nap(2 * SHAPE.retireMs);
    for (let block = 0; open && block < SHAPE.blocks && !output.full; block++) {
      if (!ring.nextBlock(output.take)) break;
      open = await write(output.flush());
    }
    if (stopping || !open || output.full) return { frames: output.frames, bytes, drops: ring.takeDrops() };
    await nap(NAP_MS);
  }
}

/** The records of one block at a time. They need less room than the block: the ring's own heads are larger. */
class PcapOutput {
  frames = 0;
  readonly #ring: CaptureRing;
  readonly #framesMax: number;
  readonly #loopback: boolean;
  readonly #bytes: Uint8Array = new Uint8Array(SHAPE.blockBytes);
  readonly #view: DataView = new DataView(this.#bytes.buffer);
  #used = 0;

  constructor(ring: CaptureRing, framesMax: number, loopback: boolean) {
    this.#ring = ring;
    this.#framesMax = framesMax;
    this.#loopback = loopback;
  }

  get full(): boolean {
    return this.frames >= this.#framesMax;
  }

  readonly take = (frame: CapturedFrame): void => {
    // The loopback interface shows every frame twice, once for each direction.
    if (this.full || (this.#loopback && frame.outgoing)) return;
    const { seconds, nanoseconds, capturedBytes, frameBytes, offset } = frame;
    encodePcapRecord(this.#view, this.#used, seconds, nanoseconds, capturedBytes, frameBytes);
    this.#used += PCAP_RECORD_BYTES;
    this.#bytes.set(this.#ring.memory.bytes.subarray(offset, offset + capturedBytes), this.#used);
    this.#used += capturedBytes;
    this.frames += 1;
  };

  /** What was taken since the last call; valid until the next frame is taken. */
  flush(): Uint8Array {
    const made = this.#bytes.subarray(0, this.#used);
    this.#used = 0;
    return made;
  }
}
