// The input that is being decoded, where the watching thread finds it when the decoder no longer answers.
//
//   0 i32 number of the run   4 i32 length   8 the input
import { INPUT_BYTES_MAX } from './mutate.ts';

const HEAD_BYTES = 8;

export class SharedInput {
  readonly memory: SharedArrayBuffer;
  readonly #head: Int32Array;
  readonly #bytes: Uint8Array;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(HEAD_BYTES + INPUT_BYTES_MAX)) {
    this.memory = memory;
    this.#head = new Int32Array(memory, 0, 2);
    this.#bytes = new Uint8Array(memory, HEAD_BYTES);
  }

  /** Counts the run; gives its number. */
  set(bytes: Uint8Array): number {
    this.#bytes.set(bytes);
    Atomics.store(this.#head, 1, bytes.length);
    return Atomics.add(this.#head, 0, 1) + 1;
  }

  get run(): number {
    return Atomics.load(this.#head, 0);
  }

  get(): Uint8Array {
    return this.#bytes.slice(0, Atomics.load(this.#head, 1));
  }
}
