// Remembers which one-way transfers were taken, over restarts and crashes: one small file a sender, written aside,
// synced and renamed before the transfer is taken. Several receivers may share the directory; its lock keeps them from
// taking the same transfer at the same time.
import { type FileHandle, mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { ZwireError } from '../bytes/zwire-error.ts';
import { tryLock } from '../sys/file-lock.ts';
import { formatMemory, judgeFreshness, parseMemory, type SenderMemory } from './freshness.ts';
import type { SenderProof } from './worker-message.ts';

const LOCK_TRIES = 100;
const LOCK_EVERY_MS = 20;

export class FreshnessStore {
  readonly #directory: string;
  readonly #now: () => number;
  /** One at a time within this process. */
  #last: Promise<unknown> = Promise.resolve();

  /** `now` is milliseconds since 1970. */
  constructor(stateDirectory: string, now: () => number = Date.now) {
    this.#directory = join(stateDirectory, 'one-way');
    this.#now = now;
  }

  /** Resolves when the transfer is new and will be known from now on. Throws REPLAYED and STATE_UNWRITABLE. */
  accept(sender: SenderProof, transfer: string): Promise<void> {
    const next = this.#last.then(() => this.#accept(sender, transfer));
    this.#last = next.catch(() => undefined);
    return next;
  }

  async #accept({ publicKey, timeNs }: SenderProof, transfer: string): Promise<void> {
    const path = join(this.#directory, `${Buffer.from(publicKey).toString('hex')}.json`);
    let directory: FileHandle | undefined;
    try {
      await mkdir(this.#directory, { recursive: true, mode: 0o700 });
      directory = await open(this.#directory, 'r');
      await lock(directory, this.#directory);
      const judged = judgeFreshness(
        await read(path),
        { transfer, timeNs },
        BigInt(Math.round(this.#now() * 1000)) * 1000n,
      );
      if (!judged.fresh) throw replayed(judged.why, transfer);
      await write(path, judged.memory);
      await directory.sync();
    } catch (error) {
      throw error instanceof ZwireError && error.code === 'REPLAYED' ? error : unwritable(path, error);
    } finally {
      await directory?.close();
    }
  }
}

async function write(path: string, memory: SenderMemory): Promise<void> {
  const aside = `${path}.new`;
  const file = await open(aside, 'w', 0o600);
  try {
    await file.writeFile(formatMemory(memory));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(aside, path);
}

/** Undefined where there is none. A file that cannot be read is an error: to begin anew would forget what was taken. */
async function read(path: string): Promise<SenderMemory | undefined> {
  try {
    return parseMemory(await readFile(path));
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Held until the directory is closed. */
async function lock(directory: FileHandle, path: string): Promise<void> {
  for (let tries = 0; tries < LOCK_TRIES; tries++) {
    if (tryLock(directory.fd)) return;
    await setTimeout(LOCK_EVERY_MS);
  }
  throw new Error(`${path} is held by another receiver`);
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

const REASONS = {
  'taken before': 'it was taken before',
  'older than': 'it is older than what this sender has sent since',
  'in the future': "its sender's clock is more than ten minutes ahead of ours",
  'first and old': 'it is the first of this sender, and more than ten minutes old',
} as const;

function replayed(why: keyof typeof REASONS, transfer: string): ZwireError {
  return new ZwireError('REPLAYED', `the one-way transfer ${transfer} is refused: ${REASONS[why]}`, {
    fields: { transfer, why },
    hint:
      'Somebody may have sent a recorded transfer again. If it is a new one, set the clocks of both hosts: without an ' +
      'answer, time is what tells new from old.',
  });
}

function unwritable(path: string, error: unknown): ZwireError {
  const reason = error instanceof Error ? error.message : String(error);
  return new ZwireError('STATE_UNWRITABLE', `cannot remember one-way transfers in ${path}: ${reason}`, {
    fields: { path },
    cause: error,
    hint: 'Without it a recorded transfer could be sent again, so none is taken. --state-dir DIR names another place.',
  });
}
