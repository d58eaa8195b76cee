// Plain frames, each with its own payload, sent by the batch: what the seed's format needs, which knows no segments.
//
//   memory: [ mmsghdr x N ][ iovec x N ][ (room 12, prefix 52, payload) x N ]
import { setIovec } from '../sys/descriptor.ts';
import { Memory, setPointer } from '../sys/memory.ts';
import { type FramePrefix, PREFIX_BYTES } from './frame-prefix.ts';
import { MMSGHDR_BYTES, sendMessages } from './send-messages.ts';

const IOVEC_BYTES = 16;
const PAYLOAD_AT = 64;

export class FrameBatch implements Disposable {
  framesSent = 0;
  readonly #fd: number;
  readonly #prefix: FramePrefix | undefined;
  readonly #memory: Memory;
  readonly #frames: number;
  readonly #framesAt: number;
  readonly #stride: number;
  readonly #payloadBytesMax: number;
  readonly #payloadBytes: Uint32Array;
  #count = 0;

  /** `prefix` is undefined on a connected UDP socket. `fd` stays the link's. */
  constructor(fd: number, prefix: FramePrefix | undefined, frames: number, payloadBytesMax: number) {
    this.#fd = fd;
    this.#prefix = prefix;
    this.#frames = frames;
    this.#payloadBytesMax = payloadBytesMax;
    this.#payloadBytes = new Uint32Array(frames);
    this.#stride = Math.ceil((PAYLOAD_AT + payloadBytesMax) / 64) * 64;
    this.#framesAt = frames * (MMSGHDR_BYTES + IOVEC_BYTES);
    this.#memory = Memory.allocate(this.#framesAt + frames * this.#stride);
  }

  /** Adds a frame and returns where its payload is to be written before the next call; sends first if all are taken. */
  add(payloadBytes: number): Uint8Array {
    if (payloadBytes > this.#payloadBytesMax) throw new RangeError(`a payload of ${payloadBytes} bytes`);
    if (this.#count === this.#frames) this.flush();
    const { view, bytes, address } = this.#memory;
    this.#payloadBytes[this.#count] = payloadBytes;
    const index = this.#count++;
    const payloadAt = this.#framesAt + index * this.#stride + PAYLOAD_AT;
    const headBytes = this.#prefix === undefined ? 0 : PREFIX_BYTES;
    const iovecsAt = this.#frames * MMSGHDR_BYTES;
    setIovec(view, iovecsAt, index, address + payloadAt - headBytes, headBytes + payloadBytes);
    setPointer(view, index * MMSGHDR_BYTES + 16, address + iovecsAt + index * IOVEC_BYTES);
    setPointer(view, index * MMSGHDR_BYTES + 24, 1);
    return bytes.subarray(payloadAt, payloadAt + payloadBytes);
  }

  flush(): void {
    const count = this.#count;
    this.#count = 0;
    const { view, bytes } = this.#memory;
    // Only now, since the checksum is over the payload.
    for (let index = 0; index < count; index++) {
      const prefixAt = this.#framesAt + index * this.#stride + PAYLOAD_AT - PREFIX_BYTES;
      this.#prefix?.writeComplete(view, bytes, prefixAt, this.#payloadBytes[index] ?? 0);
    }
    if (count > 0) this.framesSent += sendMessages(this.#fd, this.#memory.address, count);
  }

  [Symbol.dispose](): void {
    this.#memory[Symbol.dispose]();
  }
}
