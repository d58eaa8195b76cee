// sendmmsg(2) to the end: waits for a full transmit queue, passes over what the network would not take.
import { ZwireError } from '../bytes/zwire-error.ts';
import * as libc from '../sys/libc.ts';
import { ERRNO, SystemError } from '../sys/system-error.ts';

/** struct mmsghdr (64): 0 name | 8:4 name length | 16 iovecs | 24 iovec count | 32 control | 40 its length | 48:4 flags | 56:4 sent */
export const MMSGHDR_BYTES = 64;
/** How long a full transmit queue is waited for before the send fails. */
const QUEUE_WAIT_US = 100;
const QUEUE_WAITS_MAX = 50_000;

/** Sends `count` messages laid out at `address`; returns how many the kernel took. The rest are lost frames. */
export function sendMessages(fd: number, address: number, count: number): number {
  let done = 0;
  let taken = 0;
  let waits = 0;
  while (done < count) {
    const result = libc.sendmmsg(fd, address + done * MMSGHDR_BYTES, count - done, 0);
    if (result > 0) {
      done += result;
      taken += result;
      waits = 0;
      continue;
    }
    const errno = libc.lastErrno();
    if (errno === ERRNO.EINTR) continue;
    if ((errno === ERRNO.ENOBUFS || errno === ERRNO.EAGAIN) && waits++ < QUEUE_WAITS_MAX) {
      libc.usleep(QUEUE_WAIT_US);
      continue;
    }
    if (!isPassing(errno)) throw sendError(errno);
    // The network would not take this one: to the protocol it is a lost frame.
    done++;
  }
  return taken;
}

/** Failures that say something about the peer or the path at this moment, not about our call. */
function isPassing(errno: number): boolean {
  return (
    errno === ERRNO.ECONNREFUSED ||
    errno === ERRNO.EHOSTUNREACH ||
    errno === ERRNO.ENETUNREACH ||
    errno === ERRNO.ENOBUFS ||
    errno === ERRNO.EAGAIN ||
    errno === ERRNO.EPERM
  );
}

export function sendError(errno: number): Error {
  if (errno === ERRNO.ENETDOWN || errno === ERRNO.ENXIO || errno === ERRNO.ENODEV) {
    return new ZwireError('INTERFACE_DOWN', 'cannot send: the network interface went down', {
      hint: 'Bring it up with: ip link set dev INTERFACE up',
    });
  }
  if (errno === ERRNO.EMSGSIZE) {
    return new ZwireError('FRAME_TOO_LARGE', 'cannot send: the frames are larger than the path takes', {
      hint: 'Give a smaller --framesize, or raise the MTU along the path.',
    });
  }
  return new SystemError('sendmmsg', errno);
}
