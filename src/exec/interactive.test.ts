import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runInteractive, startHolder } from './interactive.ts';

describe('runInteractive', () => {
  it('tells how the program ended', async () => {
    expect(await runInteractive('sh', ['-c', 'exit 7'])).toEqual({ exitCode: 7, signal: null });
    expect(await runInteractive('sh', ['-c', 'kill -TERM $$'])).toEqual({
      exitCode: null,
      signal: 'SIGTERM',
    });
  });

  it('gives it our environment and what is added to it', async () => {
    const program = 'test "$PATH" != "" && test "$ADDED" = yes';
    expect(await runInteractive('sh', ['-c', program], { environment: { ADDED: 'yes' } })).toMatchObject({
      exitCode: 0,
    });
  });

  it('is not ended by Ctrl-C, which is for the program, and takes its listeners back', async () => {
    const before = process.listenerCount('SIGINT');
    const running = runInteractive('sh', ['-c', `kill -INT ${process.pid}; exit 3`]);
    expect(await running).toMatchObject({ exitCode: 3 });
    expect(process.listenerCount('SIGINT')).toBe(before);
    expect(process.listenerCount('SIGTERM')).toBe(0);
  });

  it('names a program that is missing', async () => {
    await expect(runInteractive('no-such-shell', [])).rejects.toMatchObject({ code: 'PROGRAM_MISSING' });
  });
});

describe('a holder', () => {
  it('runs when it is handed over, and is gone soon after it is disposed of', async () => {
    const holder = await startHolder('env', ['cat']);
    expect(existsSync(`/proc/${holder.pid}`)).toBe(true);
    holder[Symbol.dispose]();
    await expect.poll(() => existsSync(`/proc/${holder.pid}`)).toBe(false);
  });

  it('that ends at once is an error with what it said', async () => {
    await expect(startHolder('sh', ['-c', 'echo no luck >&2; exit 1'])).rejects.toMatchObject({
      code: 'SYSTEM_CALL_FAILED',
      message: expect.stringContaining('no luck'),
    });
  });

  it('that is missing is named', async () => {
    await expect(startHolder('no-such-program', [])).rejects.toMatchObject({ code: 'PROGRAM_MISSING' });
  });
});
