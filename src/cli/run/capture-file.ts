// Where a capture is written: a file, or standard output, whose reader may go away.
import { write as writeDescriptor } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as nap } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ZwireError } from '../../bytes/zwire-error.ts';
import { messageOf } from '../render/error-text.ts';

const STDOUT = 1;
/** How long to wait when a pipe that does not block is full. */
const FULL_PIPE_NAP_MS = 2;

const writeSome = promisify(writeDescriptor);

export interface CaptureFile extends AsyncDisposable {
  /** All of the bytes; false when the reader of standard output has gone away. @throws ZwireError FILE_UNWRITABLE */
  write(bytes: Uint8Array): Promise<boolean>;
}

/** `-` is standard output. @throws ZwireError FILE_UNWRITABLE */
export async function openCaptureFile(path: string): Promise<CaptureFile> {
  let handle: FileHandle | undefined;
  try {
    if (path !== '-') handle = await open(path, 'w');
  } catch (error) {
    throw unwritable(path, error);
  }
  const descriptor = handle?.fd ?? STDOUT;
  return {
    write: async (bytes) => {
      try {
        await writeAll(descriptor, bytes);
        return true;
      } catch (error) {
        if (codeOfSystem(error) === 'EPIPE') return false;
        throw unwritable(path, error);
      }
    },
    [Symbol.asyncDispose]: async () => handle?.close(),
  };
}

async function writeAll(descriptor: number, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength; ) {
    try {
      const { bytesWritten } = await writeSome(descriptor, bytes, at, bytes.byteLength - at);
      at += bytesWritten;
    } catch (error) {
      if (codeOfSystem(error) !== 'EAGAIN') throw error;
      await nap(FULL_PIPE_NAP_MS);
    }
  }
}

function codeOfSystem(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function unwritable(path: string, error: unknown): ZwireError {
  const name = path === '-' ? 'standard output' : path;
  return new ZwireError('FILE_UNWRITABLE', `cannot write ${name}: ${messageOf(error)}`, {
    fields: { path },
    hint: 'Name a place that this user may write to, with room on it.',
    cause: error,
  });
}
