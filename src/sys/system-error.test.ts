import { describe, expect, test } from 'vitest';
import * as libc from './libc.ts';
import { ERRNO, SystemError, check, errnoName } from './system-error.ts';

describe('a failed system call', () => {
  test('says which, and why, in words that code can match', () => {
    const error = new SystemError('sendmmsg', ERRNO.ENOBUFS);
    expect(error).toMatchObject({
      name: 'SystemError',
      code: 'ENOBUFS',
      errno: 105,
      syscall: 'sendmmsg',
      message: 'sendmmsg failed with ENOBUFS',
    });
  });

  test('with an errno that has no name here keeps its number', () => {
    expect(errnoName(4095)).toBe('errno 4095');
    expect(new SystemError('ioctl', 4095).code).toBe('errno 4095');
  });

  test('is what check makes of a negative result, from the errno of this thread', () => {
    expect(check(0, 'x')).toBe(0);
    expect(check(7, 'x')).toBe(7);
    expect(() => check(libc.close(-1), 'close')).toThrow(
      expect.objectContaining({ code: 'EBADF', syscall: 'close' }),
    );
    expect(() => check(libc.socket(-1, -1, -1), 'socket')).toThrow(SystemError);
  });
});
