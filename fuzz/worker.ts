// One target in a thread of its own: mutates what is kept, runs it, and keeps what makes the decoder say something new.
// Nothing measures which lines ran: a refusal in words that were not seen before stands for that.
import { getHeapStatistics } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import { keepInput, keptInputs } from './corpus.ts';
import { INPUT_BYTES_MAX, mutate } from './mutate.ts';
import { Random } from './random.ts';
import { SharedInput } from './shared-input.ts';
import { TARGETS, type Target } from './targets.ts';

export interface FuzzOrder {
  readonly target: string;
  /** fuzz/ of the project. */
  readonly directory: string;
  readonly seed: number;
  /** At the end of the first of the two. */
  readonly seconds: number;
  readonly runs: number;
  /** Write new inputs into the corpus. */
  readonly keep: boolean;
  readonly memory: SharedArrayBuffer;
}

export interface FuzzResult {
  readonly runs: number;
  /** How many different things the decoder said. */
  readonly answers: number;
  readonly kept: number;
  readonly failure: { readonly message: string; readonly input: Uint8Array } | undefined;
}

/** What one input may make a decoder allocate, garbage included: a length of its own that it believes is far more. */
const RUN_BYTES_MAX = 64 * 2 ** 20;
const POOL_MAX = 2000;
/** What is worth a file. */
const KEPT_BYTES_MAX = 1024;
const ANSWER_CHARACTERS = 100;

/** An answer without what differs from input to input. */
function answerOf(why: string | undefined, bytes: Uint8Array): string {
  if (why === undefined) return `taken, ${Math.clz32(bytes.length)}`;
  return why.replace(/"[^"]*"|0x[0-9a-f]+|\d+/g, '#').slice(0, ANSWER_CHARACTERS);
}

function allocatedBytes(): number {
  const { used_heap_size: heap, external_memory: external } = getHeapStatistics();
  return heap + external;
}

class Fuzzer {
  readonly #order: FuzzOrder;
  readonly #target: Target;
  readonly #shared: SharedInput;
  readonly #random: Random;
  readonly #pool: Uint8Array[] = [];
  readonly #answers = new Set<string>();
  #kept = 0;

  constructor(order: FuzzOrder, target: Target) {
    this.#order = order;
    this.#target = target;
    this.#shared = new SharedInput(order.memory);
    this.#random = new Random(order.seed);
  }

  fuzz(): FuzzResult {
    let current: Uint8Array = new Uint8Array(0);
    try {
      for (const input of this.#firstInputs()) {
        current = input;
        this.#try(input, false);
        this.#pool.push(input);
      }
      const endMs = performance.now() + this.#order.seconds * 1000;
      while (this.#shared.run < this.#order.runs && performance.now() < endMs) {
        current = mutate(this.#random.pick(this.#pool), this.#random.pick(this.#pool), this.#random);
        if (!this.#try(current, this.#order.keep)) continue;
        if (this.#pool.length < POOL_MAX) this.#pool.push(current);
      }
      return this.#result(undefined);
    } catch (error) {
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
      return this.#result({ message, input: current });
    }
  }

  #firstInputs(): Uint8Array[] {
    const corpus = keptInputs(this.#order.directory, 'corpus', this.#target.name);
    return [new Uint8Array(0), ...corpus.map(({ bytes }) => bytes.slice(0, INPUT_BYTES_MAX))];
  }

  /** Whether the decoder said something new. */
  #try(input: Uint8Array, keep: boolean): boolean {
    this.#shared.set(input);
    const before = allocatedBytes();
    const answer = answerOf(this.#target.run(input), input);
    const allocated = allocatedBytes() - before;
    if (allocated > RUN_BYTES_MAX)
      throw new Error(`an input of ${input.length} bytes took ${allocated} bytes`);
    if (this.#answers.has(answer)) return false;
    this.#answers.add(answer);
    if (keep && input.length <= KEPT_BYTES_MAX) {
      keepInput(this.#order.directory, 'corpus', this.#target.name, input);
      this.#kept += 1;
    }
    return true;
  }

  #result(failure: FuzzResult['failure']): FuzzResult {
    return { runs: this.#shared.run, answers: this.#answers.size, kept: this.#kept, failure };
  }
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- main.ts makes it
const order = workerData as FuzzOrder;
const target = TARGETS.find(({ name }) => name === order.target);
if (target === undefined) throw new Error(`no target ${order.target}`);
parentPort?.postMessage(new Fuzzer(order, target).fuzz());
