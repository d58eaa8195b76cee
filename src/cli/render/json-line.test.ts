import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { RecordingStream } from '../../../test/cli/fake-context.ts';
import { ZwireError } from '../../bytes/zwire-error.ts';
import { jsonLine, jsonReporter } from './json-line.ts';

it('writes an event as one line, its name and time first, bigints as decimal strings', () => {
  const line = jsonLine({
    transfer: '00112233aabbccdd',
    time: 5,
    event: 'announced',
    name: 'a\nb',
    kind: 'dataset',
    peer: 'p',
    sizeBytes: (1n << 60n) + 1n,
    mtuBytes: 9000,
  });
  expect(line).toMatch(/^\{"event":"announced","time":5,/);
  expect(line).not.toContain('\n');
  expect(JSON.parse(line)).toMatchObject({ name: 'a\nb', sizeBytes: '1152921504606846977' });
});

it('writes every event at once and whole, and the error last', () => {
  const stream = new RecordingStream();
  const reporter = jsonReporter(stream, () => 7);
  reporter.event({ event: 'snapshot', time: 1, name: 'tank@a' });
  reporter.failure(
    new ZwireError('NO_RECEIVER', 'nobody answered', { hint: 'Start one.', fields: { waitedMs: 5n } }),
    3,
  );
  reporter.close();
  const events = stream.text
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
  expect(events).toEqual([
    { event: 'snapshot', time: 1, name: 'tank@a' },
    {
      event: 'error',
      time: 7,
      code: 'NO_RECEIVER',
      message: 'nobody answered',
      hint: 'Start one.',
      fields: { waitedMs: '5' },
      exitCode: 3,
    },
  ]);
});

it('gives errors that are not ours a code of their own', () => {
  const stream = new RecordingStream();
  jsonReporter(stream, () => 0).failure(new Error('x'), 1);
  expect(JSON.parse(stream.text)).toMatchObject({ code: 'UNEXPECTED', exitCode: 1 });
});

const DOCUMENT = readFileSync(new URL('../../../docs/operations/json-events.md', import.meta.url), 'utf8');

it('has a document whose examples are lines that it writes', () => {
  const examples = [...DOCUMENT.matchAll(/^ {4}(\{.*\})$/gm)].map(([, line = '']) => line);
  expect(examples.length).toBeGreaterThan(4);
  for (const line of examples) expect(jsonLine(JSON.parse(line))).toBe(line);
});
