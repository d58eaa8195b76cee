import { existsSync, readFileSync, readdirSync, readlinkSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FakeZfs, writeProgram } from '../../test/fake-zfs.ts';
import { startProcess } from '../exec/process.ts';
import { PipedProcess } from './piped-process.ts';

function openPipes(): number {
  const links = readdirSync('/proc/self/fd').map((fd) => {
    const path = `/proc/self/fd/${fd}`;
    return existsSync(path) ? readlinkSync(path) : '';
  });
  return links.filter((link) => link.startsWith('pipe:')).length;
}

test('a program that writes is read from a FIFO, up to its end', async () => {
  using scratch = new FakeZfs();
  const program = writeProgram(scratch.directory, 'writes', 'readlink /proc/self/fd/1');
  const process = await PipedProcess.start('read', (stdout) => startProcess(program, [], { stdout }));
  const buffer = Buffer.alloc(100);
  const bytes = readSync(process.fd, buffer);
  expect(buffer.toString('utf8', 0, bytes)).toMatch(/^pipe:\[\d+\]\n$/);
  // The end is seen only when our copy of the write end is closed.
  expect(readSync(process.fd, buffer)).toBe(0);
  expect(await process.finish()).toMatchObject({ exitCode: 0 });
});

test('a program that reads sees the end when finish() closes ours', async () => {
  using scratch = new FakeZfs();
  const program = writeProgram(scratch.directory, 'reads', `cat >'${scratch.directory}/got'; exit 4`);
  const process = await PipedProcess.start('write', (stdin) => startProcess(program, [], { stdin }));
  writeSync(process.fd, 'all of it');
  expect(await process.finish()).toMatchObject({ exitCode: 4 });
  expect(readFileSync(join(scratch.directory, 'got'), 'utf8')).toBe('all of it');
});

test('abort ends a program that reads instead of letting it finish with what it has', async () => {
  using scratch = new FakeZfs();
  const done = join(scratch.directory, 'done');
  const program = writeProgram(scratch.directory, 'reads', `cat >/dev/null; : >'${done}'`);
  const process = await PipedProcess.start('write', (stdin) => startProcess(program, [], { stdin }));
  expect(await process.abort()).toBeUndefined();
  expect(existsSync(done)).toBe(false);
});

test('abort ends a program that writes against a full pipe', async () => {
  using scratch = new FakeZfs();
  const program = writeProgram(scratch.directory, 'floods', 'exec cat /dev/zero');
  const process = await PipedProcess.start('read', (stdout) => startProcess(program, [], { stdout }));
  expect(await process.abort()).toBeUndefined();
});

test('abort tells the reason of a program that failed by itself, even if its exit was not seen yet', async () => {
  using scratch = new FakeZfs();
  const program = writeProgram(
    scratch.directory,
    'fails',
    'echo own reason >&2; exec 0<&-; sleep 0.1; exit 1',
  );
  const process = await PipedProcess.start('write', (stdin) => startProcess(program, [], { stdin }));
  // EPIPE comes with the exit, before the event loop has heard of it.
  expect(() => {
    for (;;) writeSync(process.fd, Buffer.alloc(65_536));
  }).toThrow('EPIPE');
  expect(await process.abort()).toMatchObject({ stderr: 'own reason\n' });
});

test('no descriptor is left behind, whether it starts or not', async () => {
  using scratch = new FakeZfs();
  const program = writeProgram(scratch.directory, 'ends', 'exit 0');
  const before = openPipes();
  const [finished, aborted] = await Promise.all([
    PipedProcess.start('read', (stdout) => startProcess(program, [], { stdout })),
    PipedProcess.start('write', (stdin) => startProcess(program, [], { stdin })),
  ]);
  await finished.finish();
  await finished.abort();
  await aborted.abort();
  await aborted.abort();
  const missing = join(scratch.directory, 'missing');
  await expect(
    PipedProcess.start('read', (stdout) => startProcess(missing, [], { stdout })),
  ).rejects.toMatchObject({
    code: 'PROGRAM_MISSING',
  });
  expect(openPipes()).toBe(before);
});
