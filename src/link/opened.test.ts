import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openUdpSender } from './udp-link.ts';

const openDescriptors = (): number => readdirSync('/proc/self/fd').length;

test('a sender that cannot be opened leaves no socket open', () => {
  const before = openDescriptors();
  const link = { kind: 'udp', host: '127.0.0.1', port: 1337, frameBytes: 100_000 } as const;
  expect(() => openUdpSender(link)).toThrow(expect.objectContaining({ code: 'FRAME_TOO_LARGE' }));
  expect(openDescriptors()).toBe(before);
});

test('a link that is closed leaves no socket open', () => {
  const before = openDescriptors();
  {
    using _link = openUdpSender({ kind: 'udp', host: '127.0.0.1', port: 1337 });
    expect(openDescriptors()).toBeGreaterThan(before);
  }
  expect(openDescriptors()).toBe(before);
});
