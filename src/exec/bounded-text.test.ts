import { expect, test } from 'vitest';
import { BoundedText, HEAD_BYTES_MAX, TAIL_BYTES_MAX } from './bounded-text.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);

test('a short text is kept whole, however it is cut', () => {
  const text = new BoundedText();
  for (const character of 'cannot receive: out of space\n') text.push(bytes(character));
  expect(text.toString()).toBe('cannot receive: out of space\n');
});

test('up to both bounds together nothing is left out', () => {
  const text = new BoundedText();
  const whole = 'a'.repeat(HEAD_BYTES_MAX) + 'b'.repeat(TAIL_BYTES_MAX);
  text.push(bytes(whole));
  expect(text.toString()).toBe(whole);
});

test.each([[1], [7], [4096], [100_000]])(
  'a long text in chunks of %i keeps its first and last bytes',
  (chunk) => {
    const whole = Array.from({ length: 10_000 }, (_, line) => `line ${line}\n`).join('');
    const text = new BoundedText();
    for (let at = 0; at < whole.length; at += chunk) text.push(bytes(whole.slice(at, at + chunk)));
    const left = whole.length - HEAD_BYTES_MAX - TAIL_BYTES_MAX;
    expect(text.toString()).toBe(
      `${whole.slice(0, HEAD_BYTES_MAX)}\n[... ${left} bytes left out ...]\n${whole.slice(-TAIL_BYTES_MAX)}`,
    );
  },
);

test('what it keeps does not change when the caller reuses the buffer', () => {
  const text = new BoundedText();
  const buffer = Buffer.from('first');
  text.push(buffer);
  buffer.fill(0x78);
  expect(text.toString()).toBe('first');
});
