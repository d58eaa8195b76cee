import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LINE_CHARACTERS_MAX, readLines } from './lines.ts';
import type { ExitStatus } from './process.ts';

async function collect(
  script: string,
  signal?: AbortSignal,
): Promise<{ lines: string[]; status?: ExitStatus }> {
  const lines: string[] = [];
  let status: ExitStatus | undefined;
  const options = { signal, onExit: (ended: ExitStatus) => void (status = ended) };
  for await (const batch of readLines('sh', ['-c', script], options)) lines.push(...batch);
  return { lines, ...(status === undefined ? {} : { status }) };
}

test('lines come whole, wherever the pipe cuts them, the last one without its newline too', async () => {
  const { lines, status } = await collect(
    'i=0; while [ $i -lt 3000 ]; do printf "%0100d\\n" $i; i=$((i+1)); done; printf end; echo why >&2; exit 3',
  );
  expect(lines).toHaveLength(3001);
  expect(lines.slice(0, 3000).every((line, n) => Number(line) === n && line.length === 100)).toBe(true);
  expect(lines.at(-1)).toBe('end');
  expect(status).toMatchObject({ exitCode: 3, stderr: 'why\n' });
});

test('who leaves the loop ends the program', async () => {
  let pid = 0;
  for await (const [first] of readLines('sh', ['-c', 'echo $$; exec yes'], { onExit: () => undefined })) {
    pid = Number(first);
    break;
  }
  expect(pid).toBeGreaterThan(0);
  expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
});

test('an interruption ends it, as an error', async () => {
  const abort = new AbortController();
  const reading = async (): Promise<void> => {
    for await (const _ of readLines('yes', [], { signal: abort.signal, onExit: () => undefined }))
      abort.abort();
  };
  await expect(reading()).rejects.toMatchObject({ code: 'INTERRUPTED' });
});

test('a line without an end is not collected for ever', async () => {
  await expect(
    collect(`head -c ${LINE_CHARACTERS_MAX + 70_000} /dev/zero | tr '\\0' x`),
  ).rejects.toMatchObject({
    code: 'PROGRAM_OUTPUT_TOO_LARGE',
  });
});

test('a reader that takes its time loses nothing after the program has ended', async () => {
  let count = 0;
  for await (const batch of readLines('seq', ['20000'], { onExit: () => undefined })) {
    await new Promise((resolve) => setImmediate(resolve));
    count += batch.length;
  }
  expect(count).toBe(20000);
});

test('with a descriptor for what it writes, the lines are those of stderr', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'zwire-lines-'));
  const stdout = openSync(join(directory, 'out'), 'w');
  const lines: string[] = [];
  let status: ExitStatus | undefined;
  const script = 'printf data; echo one >&2; printf two >&2; exit 4';
  const onExit = (ended: ExitStatus): void => void (status = ended);
  for await (const batch of readLines('sh', ['-c', script], { stdout, onExit })) lines.push(...batch);
  closeSync(stdout);
  expect(lines).toEqual(['one', 'two']);
  expect(readFileSync(join(directory, 'out'), 'utf8')).toBe('data');
  expect(status).toMatchObject({ exitCode: 4, stderr: '' });
  rmSync(directory, { recursive: true });
});
