import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { writeProgram } from '../../test/fake-zfs.ts';
import { commandLine, quoteWord, runProcess, startProcess } from './process.ts';

const directory = mkdtempSync(join(tmpdir(), 'zwire-process-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const program = (name: string, body: string): string => writeProgram(directory, name, body);

test('arguments reach the program as they are: no shell looks at them', async () => {
  const echo = program('arguments', String.raw`printf '<%s>' "$@"`);
  const words = ['a b', '$HOME', '`id`', '; exit 3', "it's", '*', ''];
  const result = await runProcess(echo, words);
  expect(result.stdout).toBe(words.map((word) => `<${word}>`).join(''));
  expect(result.exitCode).toBe(0);
});

test('the environment is PATH with the sbin directories, HOME, the C locale and UTC, and nothing else', async () => {
  process.env['ZWIRE_LEAK'] = 'secret';
  const result = await runProcess('/usr/bin/env', []);
  delete process.env['ZWIRE_LEAK'];
  const lines = result.stdout.trim().split('\n').sort();
  expect(lines.map((line) => line.split('=')[0])).toEqual(['HOME', 'LC_ALL', 'PATH', 'TZ']);
  expect(lines).toContain('LC_ALL=C');
  expect(lines).toContain('TZ=UTC');
  expect(lines.find((line) => line.startsWith('PATH='))).toMatch(/:\/usr\/local\/sbin:\/usr\/sbin:\/sbin$/);
});

test('a missing program names the Debian package that brings it', async () => {
  const path = process.env['PATH'];
  process.env['PATH'] = directory;
  try {
    await expect(startProcess('zfs-that-is-not-there', [])).rejects.toMatchObject({
      code: 'PROGRAM_MISSING',
    });
    await expect(runProcess('zfs', [])).rejects.toMatchObject({
      code: 'PROGRAM_MISSING',
      hint: expect.stringContaining('zfsutils-linux'),
      fields: { program: 'zfs', debianPackage: 'zfsutils-linux' },
    });
  } finally {
    process.env['PATH'] = path;
  }
});

test('a program that this user may not run is as good as missing', async () => {
  const path = process.env['PATH'];
  process.env['PATH'] = directory;
  writeFileSync(join(directory, 'zfs-not-executable'), '', { mode: 0o600 });
  try {
    await expect(runProcess('zfs-not-executable', [])).rejects.toMatchObject({
      code: 'PROGRAM_MISSING',
      message: 'cannot start zfs-not-executable: none on PATH may be run by this user',
    });
  } finally {
    process.env['PATH'] = path;
  }
});

test('a file that cannot be executed is a failed system call', async () => {
  await expect(startProcess('/etc/passwd', [])).rejects.toMatchObject({
    code: 'SYSTEM_CALL_FAILED',
    fields: { errno: 'EACCES' },
  });
});

test('exit codes, signals and stderr are reported', async () => {
  const failing = program('failing', 'echo why >&2; exit 7');
  expect(await (await startProcess(failing, [])).exit).toEqual({
    exitCode: 7,
    signal: null,
    stderr: 'why\n',
  });
  const dying = program('dying', 'kill -ABRT $$');
  expect(await (await startProcess(dying, [])).exit).toMatchObject({ exitCode: null, signal: 'SIGABRT' });
});

test('real descriptors are handed over, and stay open on our side', async () => {
  const source = join(directory, 'source');
  const target = join(directory, 'target');
  const copy = program('copy', 'cat');
  writeFileSync(source, 'any bytes');
  const [stdin, stdout] = [openSync(source, 'r'), openSync(target, 'w')];
  const { exit } = await startProcess(copy, [], { stdin, stdout });
  await exit;
  closeSync(stdin);
  closeSync(stdout);
  expect(readFileSync(target, 'utf8')).toBe('any bytes');
});

test('kill ends a program, and one that ignores SIGTERM a second later', async () => {
  const sleeper = await startProcess(program('sleeper', 'exec sleep 60'), []);
  sleeper.kill();
  expect(await sleeper.exit).toMatchObject({ signal: 'SIGTERM' });
  sleeper.kill(); // after its end: nothing happens, and no other process of that pid is hit

  const deaf = await startProcess(
    program('deaf', "trap '' TERM; echo ready >&2; while :; do sleep 0.05; done"),
    [],
  );
  await expect.poll(() => deaf.stderrText()).toBe('ready\n');
  const started = performance.now();
  deaf.kill();
  expect(await deaf.exit).toMatchObject({ exitCode: null, signal: 'SIGKILL' });
  expect(performance.now() - started).toBeGreaterThan(900);
});

test('an aborted signal ends the program; one aborted before starts nothing', async () => {
  const controller = new AbortController();
  const sleep = program('sleep', 'exec sleep 60');
  const sleeper = await startProcess(sleep, [], { signal: controller.signal });
  const run = runProcess(sleep, [], { signal: controller.signal });
  const refusal = expect(run).rejects.toMatchObject({ code: 'INTERRUPTED', cause: new Error('Ctrl-C') });
  controller.abort(new Error('Ctrl-C'));
  expect(await sleeper.exit).toMatchObject({ signal: 'SIGTERM' });
  await refusal;
  await expect(startProcess(sleep, [], { signal: controller.signal })).rejects.toMatchObject({
    code: 'INTERRUPTED',
  });
});

test('exit does not wait for a grandchild that holds stderr', async () => {
  const parent = await startProcess(program('parent', 'sleep 5 & echo gone >&2; exit 3'), []);
  const started = performance.now();
  expect(await parent.exit).toMatchObject({ exitCode: 3, stderr: 'gone\n' });
  expect(performance.now() - started).toBeLessThan(3000);
});

test('output over its bound ends the program', async () => {
  const chatty = program('chatty', 'exec yes');
  await expect(runProcess(chatty, [], { maxOutputBytes: 100_000 })).rejects.toMatchObject({
    code: 'PROGRAM_OUTPUT_TOO_LARGE',
  });
});

test('large output and input arrive whole', async () => {
  const input = 'x'.repeat(3_000_000);
  const result = await runProcess(program('through', 'cat'), [], { input });
  expect(result.stdout === input).toBe(true);
});

test('a program that does not read its input is no error of ours', async () => {
  const result = await runProcess(program('deaf-input', 'exec 0<&-; echo done'), [], {
    input: 'y'.repeat(1_000_000),
  });
  expect(result).toMatchObject({ exitCode: 0, stdout: 'done\n' });
});

test('command lines are shown the way a person can paste them', () => {
  expect(commandLine('zfs', ['send', 'tank/my data@a'])).toBe("zfs send 'tank/my data@a'");
  expect(quoteWord("it's")).toBe(String.raw`'it'\''s'`);
  expect(quoteWord('')).toBe("''");
});

test('a command line of hundreds of names is cut, for a message is to be read', () => {
  const line = commandLine('zfs', ['destroy', ...Array.from({ length: 300 }, (_, n) => `tank@${n}`)]);
  expect(line).toMatch(/^zfs destroy tank@0 tank@1 .*\.\.\. \(301 arguments\)$/);
  expect(line.length).toBeLessThan(500);
});
