// Real pipes (FIFOs). A child_process 'pipe' is a UNIX socket, which libzfs feeds through a splice thread;
// a FIFO it writes directly. The size is set before any data is in it: Linux can deadlock otherwise.
import * as libc from './libc.ts';
import { Memory } from './memory.ts';
import { check } from './system-error.ts';

const O_CLOEXEC = 0x80000;
const F_SETPIPE_SZ = 1031;

export interface Pipe {
  readonly readFd: number;
  readonly writeFd: number;
}

/** A pipe whose ends are closed on exec; `sizeBytes` is a wish (1 MiB is the unprivileged maximum). */
export function createPipe(sizeBytes: number = 1 << 20): Pipe {
  using memory = Memory.allocate(8);
  check(libc.pipe2(memory.address, O_CLOEXEC), 'pipe2');
  const pipe = { readFd: memory.view.getInt32(0, true), writeFd: memory.view.getInt32(4, true) };
  growPipe(pipe.writeFd, sizeBytes);
  return pipe;
}

/** Asks for a larger buffer of an empty pipe. False when it is no pipe or the system refused: it works all the same. */
export function growPipe(fd: number, sizeBytes: number = 1 << 20): boolean {
  return libc.fcntl(fd, F_SETPIPE_SZ, sizeBytes) >= 0;
}
