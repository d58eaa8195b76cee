// Locks of whole files and directories between processes (flock(2)). The kernel lets go of them with the last descriptor,
// however their owner ends: none is ever left behind.
import * as libc from './libc.ts';
import { ERRNO, SystemError } from './system-error.ts';

const LOCK_EX = 2;
const LOCK_NB = 4;

/** True when nobody else had the lock of this open file; it is ours until the descriptor is closed. */
export function tryLock(fd: number): boolean {
  if (libc.flock(fd, LOCK_EX | LOCK_NB) === 0) return true;
  const errno = libc.lastErrno();
  // EWOULDBLOCK is EAGAIN on Linux.
  if (errno === ERRNO.EAGAIN || errno === ERRNO.EINTR) return false;
  throw new SystemError('flock', errno);
}
