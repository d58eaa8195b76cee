// The fuzzer: one target after another, each in a thread that this one watches. See HELP.
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { keepInput } from './corpus.ts';
import { seeds } from './seeds.ts';
import { SharedInput } from './shared-input.ts';
import { TARGETS } from './targets.ts';
import type { FuzzOrder, FuzzResult } from './worker.ts';

const HELP = `npm run fuzz -- [options]

  --seconds S     for all targets together (default 60)
  --target NAME   only this one
  --seed N        the run that printed this seed, again (default: another each time)
  --runs N        at most this many inputs for each target
  --keep          add inputs to which a decoder says something new to the corpus
  --input FILE    run the target on this file and nothing else
  --write-seeds   write the encoders' messages into the corpus

A crash, a hang or a decoder that takes memory leaves its input in fuzz/failures/TARGET/ and ends with exit code 1.
Mend the decoder, then move the file to fuzz/corpus/TARGET/ under a name that says what it was: the tests run it from
then on. Targets: ${TARGETS.map(({ name }) => name).join(', ')}.`;

const TICK_MS = 250;
/** The watcher's own ticks, not the clock: a machine that is paused is no hang. */
const HANG_TICKS = 40;
const HEAP_MIB_MAX = 256;
const RSS_GROWTH_BYTES_MAX = 768 * 2 ** 20;

function number(text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!(value >= 0)) throw new Error(`${text} is no number`);
  return value;
}

/** A result, or what the watcher had to say when there was none. */
async function watched(order: FuzzOrder, shared: SharedInput): Promise<FuzzResult> {
  const rssBefore = process.memoryUsage.rss();
  const worker = new Worker(new URL('./worker.js', import.meta.url), {
    workerData: order,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB_MAX },
  });
  const failure = (message: string): FuzzResult => ({
    runs: shared.run,
    answers: 0,
    kept: 0,
    failure: { message, input: shared.get() },
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<FuzzResult>((resolve) => {
      worker.once('message', resolve);
      worker.once('error', (error) => resolve(failure(error.stack ?? error.message)));
      worker.once('exit', () => resolve(failure('the thread ended without a result')));
      let [run, ticks] = [0, 0];
      timer = setInterval(() => {
        ticks = shared.run === run ? ticks + 1 : 0;
        run = shared.run;
        if (ticks >= HANG_TICKS) resolve(failure(`hangs for ${(HANG_TICKS * TICK_MS) / 1000} s`));
        const growth = process.memoryUsage.rss() - rssBefore;
        if (growth > RSS_GROWTH_BYTES_MAX) resolve(failure(`the process has grown by ${growth} bytes`));
      }, TICK_MS);
    });
  } finally {
    clearInterval(timer);
    await worker.terminate();
  }
}

async function fuzz(order: Omit<FuzzOrder, 'memory'>): Promise<boolean> {
  const shared = new SharedInput();
  const { runs, answers, kept, failure } = await watched({ ...order, memory: shared.memory }, shared);
  const words = [`${order.target.padEnd(14)} ${String(runs).padStart(8)} inputs, ${answers} answers`];
  if (kept > 0) words.push(`${kept} kept`);
  if (failure === undefined) {
    console.log(words.join(', '));
    return true;
  }
  const path = relative(process.cwd(), keepInput(order.directory, 'failures', order.target, failure.input));
  console.log(`${words.join(', ')}, FAILED\n${failure.message}`);
  console.log(`input ${runs} of seed ${order.seed}; kept, and run again by`);
  console.log(`  npm run fuzz -- --target ${order.target} --input ${path}`);
  return false;
}

/** Outside of the watch, so that a debugger can be attached. */
function runOnce(target: (typeof TARGETS)[number], path: string): number {
  console.log(target.run(new Uint8Array(readFileSync(path))) ?? 'taken');
  return 0;
}

function writeSeeds(directory: string): number {
  for (const [target, inputs] of Object.entries(seeds()))
    for (const [name, bytes] of Object.entries(inputs))
      console.log(keepInput(directory, 'corpus', target, bytes, `valid-${name}`));
  return 0;
}

const OPTIONS = {
  seconds: { type: 'string' },
  target: { type: 'string' },
  seed: { type: 'string' },
  runs: { type: 'string' },
  keep: { type: 'boolean', default: false },
  input: { type: 'string' },
  'write-seeds': { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

/** Resolves with the exit code. `directory` is fuzz/ of the project. */
export async function main(args: readonly string[], directory: string): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  if (values.help === true) {
    console.log(HELP);
    return 0;
  }
  if (values['write-seeds'] === true) return writeSeeds(directory);
  const targets = TARGETS.filter(({ name }) => values.target === undefined || name === values.target);
  const [first] = targets;
  if (first === undefined) throw new Error(`no target ${values.target}`);
  if (values.input !== undefined) return runOnce(first, values.input);
  const seed = number(values.seed, randomInt(2 ** 31));
  console.log(`seed ${seed}`);
  const seconds = number(values.seconds, 60) / targets.length;
  const runs = number(values.runs, 2 ** 31 - 1);
  let failed = 0;
  for (const { name } of targets) {
    const ok = await fuzz({ target: name, directory, seed, seconds, runs, keep: values.keep });
    if (!ok) failed += 1;
  }
  console.log(`${targets.length - failed} passed, ${failed} failed`);
  return failed > 0 ? 1 : 0;
}
