// A file, a device or standard input as a source.
import { constants, type Stats, fstatSync } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { ZwireError } from '../bytes/zwire-error.ts';
import type { OpenSource, Source, SourceAnnouncement } from './source.ts';

const STDIN_FD = 0;

/** `path` may be '-' for standard input. Errors name the path and what to check. */
export function fileSource(path: string): Source {
  return path === '-' ? new StandardInput() : new FileSource(path);
}

function announcementOf(name: string, found: Stats): SourceAnnouncement {
  const sizeBytes = found.isFile() ? { sizeBytes: BigInt(found.size) } : {};
  return { kind: 'file', name, recursive: false, features: [], ...sizeBytes };
}

class FileSource implements Source {
  readonly #path: string;
  #handle: FileHandle | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  async describe(): Promise<SourceAnnouncement> {
    try {
      // A FIFO that nobody writes to would hold a thread in open(2), and with it the end of the process.
      const waits = (await stat(this.#path)).isFIFO();
      this.#handle = await open(this.#path, constants.O_RDONLY | (waits ? constants.O_NONBLOCK : 0));
    } catch (error) {
      throw unreadable(this.#path, error);
    }
    const found = await this.#handle.stat();
    if (found.isDirectory()) {
      throw new ZwireError('SOURCE_FAILED', `cannot send ${this.#path}: it is a directory`, {
        hint: `Send an archive of it: tar c ${this.#path} | zwire send --file - ...`,
      });
    }
    return announcementOf(basename(this.#path), found);
  }

  open(): Promise<OpenSource> {
    const handle = this.#handle;
    if (handle === undefined) throw new Error('open() before describe()');
    return Promise.resolve({ fd: handle.fd, finish: async () => undefined, abort: async () => undefined });
  }

  async close(): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
  }
}

class StandardInput implements Source {
  describe(): Promise<SourceAnnouncement> {
    return Promise.resolve(announcementOf('-', fstatSync(STDIN_FD)));
  }

  open(): Promise<OpenSource> {
    return Promise.resolve({ fd: STDIN_FD, finish: async () => undefined, abort: async () => undefined });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function unreadable(path: string, error: unknown): ZwireError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'there is no such file',
    EACCES: 'permission denied',
  };
  const reason = reasons[code] ?? (error instanceof Error ? error.message : String(error));
  return new ZwireError('SOURCE_FAILED', `cannot read ${path}: ${reason}`, {
    fields: { path, errno: code },
    cause: error,
  });
}
