import { expect, test } from 'vitest';
import { decodeV0, encodeV0End, encodeV0Preflight } from '../wire/v0.ts';
import { V0Chunker } from '../wire/v0-chunker.ts';
import { V0Reassembler } from '../wire/v0-reassembler.ts';
import { V0_ABORT_BYTES, encodeV0Abort, isV0Abort } from './v0-abort.ts';

/** What a receiver makes of the message. */
function push(reassembler: V0Reassembler, message: Uint8Array): string {
  const decoded = decodeV0(message);
  if (decoded === undefined) throw new Error('malformed');
  const outcome = reassembler.push(decoded);
  return isV0Abort(decoded) ? `${outcome}, broken off` : outcome;
}

test.each([0, 1, 126, 127, 128, 254, 255, 256, 700])(
  'after %i chunks any receiver gives up, and ours knows why',
  (count) => {
    const reassembler = new V0Reassembler();
    push(reassembler, encodeV0Preflight('dataset', 3, 'tank'));
    const chunker = new V0Chunker(3);
    const message = new Uint8Array(100);
    for (let index = 0; index < count; index++) {
      const bytes = chunker.next(message, Uint8Array.of(7));
      expect(push(reassembler, message.subarray(0, bytes))).toBe('deliver');
    }
    const abort = new Uint8Array(V0_ABORT_BYTES);
    encodeV0Abort(abort, 3, count);
    expect(push(reassembler, abort)).toBe('gap, broken off');
    expect(push(reassembler, encodeV0End(3))).toBe('stray');
  },
);

test('a chunk that is only early is a loss', () => {
  const reassembler = new V0Reassembler();
  push(reassembler, encodeV0Preflight('dataset', 0, 'tank'));
  const chunker = new V0Chunker(0);
  const message = new Uint8Array(100);
  chunker.next(message, Uint8Array.of(1));
  const bytes = chunker.next(message, Uint8Array.of(2));
  expect(push(reassembler, message.subarray(0, bytes))).toBe('gap');
});
