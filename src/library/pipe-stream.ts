// Ends of real pipes as streams of the main thread: waiting for one takes no thread of Node's pool, of which there
// are four. For transforms and readers of programs; the fast path of a transfer never comes here.
import { constants, openSync } from 'node:fs';
import { Socket } from 'node:net';

/** Reads a pipe's end that is ours to close: the stream closes it. */
export function readPipe(fd: number): Socket {
  return new Socket({ fd, readable: true, writable: false });
}

/** Writes to a pipe's end that is ours to close: the stream closes it when it ends. */
export function writePipe(fd: number): Socket {
  return new Socket({ fd, readable: false, writable: true });
}

/** The same end under a number and with modes of its own, so that whoever owns `fd` can go on closing it. */
export function reopenPipe(fd: number, mode: 'read' | 'write'): number {
  const access = mode === 'read' ? constants.O_RDONLY : constants.O_WRONLY;
  return openSync(`/proc/self/fd/${fd}`, access | constants.O_NONBLOCK);
}

/** Writes a chunk and waits until there is room for another. Rejects when the reader is gone (EPIPE). */
export function writeChunk(stream: Socket, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(chunk, (error) => (error === null || error === undefined ? resolve() : reject(error)));
  });
}

/** Lets everything out and closes. */
export function endStream(stream: Socket): Promise<void> {
  return new Promise((resolve) => {
    stream.once('close', () => resolve());
    stream.once('error', () => undefined);
    stream.end(() => stream.destroy());
    if (stream.destroyed) resolve();
  });
}
