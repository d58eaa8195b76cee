// A file, a device, a FIFO or standard output as a sink. A regular file is written aside, in the same directory, and
// renamed when complete; anything else is written in place and never renamed over.
import { randomBytes } from 'node:crypto';
import { constants, fdatasync, fstatSync, type Stats } from 'node:fs';
import { type FileHandle, open, readlink, realpath, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ZwireError } from '../bytes/zwire-error.ts';
import { quoteWord } from '../exec/process.ts';
import { growPipe } from '../sys/pipe.ts';
import type { CommitResult, Sink, SinkPolicy, SinkRequest } from './sink.ts';

const STDOUT_FD = 1;
const STDOUT_PATH = '/proc/self/fd/1';
/** Takes any number of transfers at once. */
const NULL_DEVICE = '/dev/null';
const FIFO_LOOK_EVERY_MS = 50;

/** `path` may be '-' for standard output. Takes file transfers, and datasets as files (a stored send stream). */
export function fileSinkPolicy(path: string): SinkPolicy {
  const inPlace = new Set<string>();
  return {
    async decide(request: SinkRequest, signal: AbortSignal): Promise<Sink> {
      if (path === '-') return openInPlace(STDOUT_PATH, 'standard output', inPlace, signal);
      const kind = await requireFile(path);
      if (kind === 'special') return openInPlace(path, path, inPlace, signal);
      return openAside(path, request.transfer);
    },
  };
}

/**
 * That there is a place for the file, before anybody has sent something. Whether it may be written there is not asked:
 * the receiver may still become another user. Throws SINK_FAILED.
 */
export async function checkFileTarget(path: string): Promise<void> {
  if (path === '-' || (await requireFile(path)) !== 'absent') return;
  const above = dirname(path);
  if ((await kindOf(above)) === 'directory') return;
  throw new ZwireError('SINK_FAILED', `cannot write to ${path}: its directory does not exist`, {
    fields: { path },
    hint: `Make it: mkdir -p ${quoteWord(above)}`,
  });
}

/** Throws SINK_FAILED for a directory, and for what can only be the name of one. */
async function requireFile(path: string): Promise<'absent' | 'regular' | 'special'> {
  const kind = await kindOf(path);
  if (kind !== 'directory' && !path.endsWith('/')) return kind;
  throw new ZwireError('SINK_FAILED', `cannot write to ${path}: it is a directory`, {
    fields: { path },
    hint: 'Name a file in it with --file.',
  });
}

async function kindOf(path: string): Promise<'absent' | 'regular' | 'directory' | 'special'> {
  try {
    const found = await stat(path);
    if (found.isFile()) return 'regular';
    return found.isDirectory() ? 'directory' : 'special';
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 'absent';
    throw unwritable(path, error);
  }
}

/** A second transfer into the same device or stream would mix with the first. */
async function openInPlace(
  path: string,
  name: string,
  inPlace: Set<string>,
  signal: AbortSignal,
): Promise<Sink> {
  if (inPlace.has(path) && path !== NULL_DEVICE) {
    throw new ZwireError('TARGET_BUSY', `another transfer is being written to ${name}`, {
      hint: 'Wait until it has ended, and send again.',
    });
  }
  inPlace.add(path);
  let handle: FileHandle | undefined;
  let found: Stats;
  try {
    handle = await openForWriting(path, signal);
    found = handle === undefined ? fstatSync(STDOUT_FD) : await handle.stat();
  } catch (error) {
    inPlace.delete(path);
    throw unwritable(name, error);
  }
  const fd = handle?.fd ?? STDOUT_FD;
  if (found.isFIFO()) growPipe(fd);
  const close = async (): Promise<void> => {
    inPlace.delete(path);
    await handle?.close();
  };
  return {
    fd,
    target: name,
    mayStall: found.isFIFO() || found.isSocket(),
    async commit(): Promise<CommitResult> {
      try {
        // Where it can be lost with the power: what is told to be there has to be there.
        if (found.isFile() || found.isBlockDevice()) await promisify(fdatasync)(fd);
      } catch (error) {
        throw unwritable(name, error);
      } finally {
        await close();
      }
      return { target: name };
    },
    async abort(): Promise<undefined> {
      await close();
    },
  };
}

/**
 * Opens without waiting where a FIFO has no reader yet, so that an interruption is heard. A pipe on standard output is
 * opened anew through /proc, which gives it a description of its own: our non-blocking mode is not forced on the other
 * programs that share it. Undefined: write to standard output as it is.
 */
async function openForWriting(path: string, signal: AbortSignal): Promise<FileHandle | undefined> {
  if (path === STDOUT_PATH && !fstatSync(STDOUT_FD).isFIFO()) return undefined;
  for (;;) {
    try {
      return await open(path, constants.O_WRONLY | constants.O_NONBLOCK);
    } catch (error) {
      if (errnoOf(error) !== 'ENXIO' || signal.aborted) throw error;
      await setTimeout(FIFO_LOOK_EVERY_MS);
    }
  }
}

async function openAside(path: string, transfer: string): Promise<Sink> {
  const target = await behindLinks(path);
  const aside = join(
    dirname(target),
    `.${basename(target)}.${transfer.slice(0, 8)}${randomBytes(2).toString('hex')}.part`,
  );
  let handle: FileHandle;
  try {
    handle = await open(aside, 'wx', 0o666);
  } catch (error) {
    throw unwritable(path, error);
  }
  let givenUp = false;
  const discard = async (): Promise<undefined> => {
    try {
      await handle.close();
    } finally {
      await unlink(aside).catch(ignoreMissing);
    }
  };
  try {
    await keepMode(target, handle);
  } catch (error) {
    await discard();
    throw unwritable(path, error);
  }
  return {
    fd: handle.fd,
    target: path,
    mayStall: false,
    async commit(): Promise<CommitResult> {
      try {
        await handle.datasync();
        if (givenUp) throw new ZwireError('INTERRUPTED', `${path} was given up before it was complete`);
        await handle.close();
        await rename(aside, target);
        await syncDirectory(dirname(target));
      } catch (error) {
        await discard().catch(() => undefined);
        throw unwritable(path, error);
      }
      return { target: path };
    },
    abort: (): Promise<undefined> => {
      givenUp = true;
      return discard();
    },
  };
}

/** A link keeps pointing where it does, also where there is nothing yet: the file behind it is made or replaced. */
async function behindLinks(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const link = await readlink(path).catch(() => undefined);
    return link === undefined ? path : resolve(dirname(path), link);
  }
}

/** A new name is lost with the power unless its directory is written too. Some file systems know no such thing. */
async function syncDirectory(path: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r');
    await handle.sync();
  } catch (error) {
    // One may be allowed to make files in a directory, and not to read it.
    if (!['EACCES', 'EINVAL', 'ENOTSUP', 'EOPNOTSUPP'].includes(errnoOf(error))) throw error;
  } finally {
    await handle?.close();
  }
}

/** A file that is replaced keeps its permissions. */
async function keepMode(target: string, handle: FileHandle): Promise<void> {
  const mode = await stat(target).then(
    (found) => found.mode & 0o7777,
    () => undefined,
  );
  if (mode !== undefined) await handle.chmod(mode);
}

function ignoreMissing(error: unknown): void {
  if (errnoOf(error) !== 'ENOENT') throw error;
}

function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

function unwritable(path: string, error: unknown): ZwireError {
  if (error instanceof ZwireError) return error;
  const errno = errnoOf(error);
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'its directory does not exist',
    ENOTDIR: 'what stands in the place of its directory is a file',
    EACCES: 'permission denied',
    EROFS: 'the file system is read-only',
    ENOSPC: 'no space left on the device',
    EDQUOT: 'the quota is used up',
  };
  const reason = reasons[errno] ?? (error instanceof Error ? error.message : String(error));
  return new ZwireError('SINK_FAILED', `cannot write to ${path}: ${reason}`, {
    fields: { path, errno },
    cause: error,
  });
}
