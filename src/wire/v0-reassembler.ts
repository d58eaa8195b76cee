// The receiver's side of v0 (see v0.ts): which message to write, ignore or give up on. Pure.
//
//            preflight            chunk               end
//   idle ----------------> open ---------> open ----------------> idle
//                           | gap, corrupt
//                           v
//                         failed: everything is stray until the next pre-flight
//
// v0 cannot tell every loss: 255 chunks of equal data that vanish in a row leave no trace in index or checksum.
// That is why v0 is for talking to the seed, and not for data.
import { crc32 } from '../bytes/crc32.ts';
import { V0_INDEX_COUNT, type V0Chunk, type V0Message, type V0Preflight } from './v0.ts';

/**
 * What to do with a message:
 * - `begin`: open the sink. If one is open, its sender gave up: abort that first.
 * - `deliver`: write the chunk's data.
 * - `duplicate`: seen before, ignore.
 * - `gap`, `corrupt`: chunks were lost or damaged and cannot come again: abort the sink.
 * - `end`: all that v0 can check has been checked: commit the sink.
 * - `stray`: belongs to no transfer, ignore and count.
 */
export type V0Outcome = 'begin' | 'deliver' | 'duplicate' | 'gap' | 'corrupt' | 'end' | 'stray';

// How far back a chunk may be repeated by the network. Small, because behind and ahead cannot be told apart
// when all chunks have equal data: an index this far behind is also one 255 - n ahead.
const DUPLICATE_DISTANCE = 8;

/** One sender's transfers, one after another. The caller keeps senders apart by their address. */
export class V0Reassembler {
  #current: V0Preflight | undefined;
  #state: 'idle' | 'open' | 'failed' = 'idle';
  #chunks = 0;
  #previousCrc = 0;
  // By index: what the last chunk with that index said, to recognise its repetition.
  readonly #crcs: Uint32Array = new Uint32Array(V0_INDEX_COUNT);

  /** The pre-flight of the transfer that is open, or was last. */
  get current(): V0Preflight | undefined {
    return this.#current;
  }

  /** Chunks delivered in the transfer that is open, or was last. */
  get chunks(): number {
    return this.#chunks;
  }

  /** Judges the next message as it arrived. It keeps no reference to a chunk's data. */
  push(message: V0Message): V0Outcome {
    if (message.type === 'preflight') return this.#pushPreflight(message);
    const current = this.#current;
    if (current === undefined || message.transferId !== current.transferId) return 'stray';
    if (message.type === 'chunk') return this.#state === 'open' ? this.#pushChunk(message) : 'stray';
    if (this.#state === 'failed') return 'stray';
    if (this.#state === 'idle') return 'duplicate';
    this.#state = 'idle';
    return 'end';
  }

  #pushPreflight(message: V0Preflight): V0Outcome {
    const current = this.#current;
    const repeated =
      this.#state === 'open' &&
      this.#chunks === 0 &&
      current?.transferId === message.transferId &&
      current.kind === message.kind &&
      current.name === message.name;
    if (repeated) return 'duplicate';
    this.#current = message;
    this.#state = 'open';
    this.#chunks = 0;
    this.#previousCrc = 0;
    return 'begin';
  }

  #pushChunk(chunk: V0Chunk): V0Outcome {
    const expected = this.#chunks % V0_INDEX_COUNT;
    if (chunk.index !== expected) return this.#isDuplicate(chunk, expected) ? 'duplicate' : this.#fail('gap');
    if (crc32(chunk.data) !== chunk.crc) return this.#fail('corrupt');
    // The right index after the wrong predecessor: a multiple of 255 chunks is missing.
    if (chunk.previousCrc !== this.#previousCrc) return this.#fail('gap');
    this.#crcs[expected] = chunk.crc;
    this.#previousCrc = chunk.crc;
    this.#chunks++;
    return 'deliver';
  }

  #isDuplicate(chunk: V0Chunk, expected: number): boolean {
    const behind = (expected - chunk.index + V0_INDEX_COUNT) % V0_INDEX_COUNT;
    return behind <= DUPLICATE_DISTANCE && behind <= this.#chunks && this.#crcs[chunk.index] === chunk.crc;
  }

  #fail(outcome: 'gap' | 'corrupt'): V0Outcome {
    this.#state = 'failed';
    return outcome;
  }
}
