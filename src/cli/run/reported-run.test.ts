import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type FakeContext, fakeContext } from '../../../test/cli/fake-context.ts';
import { ZwireError } from '../../bytes/zwire-error.ts';
import { outputRequest } from '../request/output-request.ts';
import { reportedRun, type Run, type RunSettings } from './reported-run.ts';

function settings(flags: Parameters<typeof outputRequest>[0] = {}): RunSettings {
  return { output: outputRequest(flags), role: 'receive', dataOnStdout: false, failuresAreThrown: true };
}

async function ran(context: FakeContext, body: (run: Run) => Promise<void>, flags = {}): Promise<unknown> {
  await reportedRun(context, settings(flags), body);
  return context.process.exitCode;
}

describe('the exit code of a run', () => {
  it('is 0 when the body ends', async () => {
    expect(await ran(fakeContext(), () => Promise.resolve())).toBe(0);
  });

  it("is the error's when it throws, and the error is printed", async () => {
    const context = fakeContext();
    const exitCode = await ran(context, () =>
      Promise.reject(new ZwireError('PEER_LOST', 'the sender fell silent')),
    );
    expect(exitCode).toBe(3);
    expect(context.process.stderr.text).toBe('zwire: the sender fell silent (PEER_LOST)\n');
  });

  it("is the signal's, however the body ends", async () => {
    const quiet = fakeContext();
    const idle = async (run: Run): Promise<void> => {
      quiet.signals.emit('SIGINT', 'SIGINT');
      expect(run.signal.aborted).toBe(true);
    };
    expect(await ran(quiet, idle)).toBe(130);
    expect(quiet.process.stderr.text).toBe('');
    const busy = fakeContext();
    const failing = async (): Promise<void> => {
      busy.signals.emit('SIGTERM', 'SIGTERM');
      throw new ZwireError('SINK_FAILED', 'broken pipe');
    };
    expect(await ran(busy, failing)).toBe(143);
  });
});

describe('what a run says', () => {
  it('goes to standard output as JSON, or to standard error when data has that place', async () => {
    for (const dataOnStdout of [false, true]) {
      const context = fakeContext();
      await reportedRun(context, { ...settings({ json: true }), dataOnStdout }, async (run) => {
        run.report({ event: 'snapshot', time: 1, name: 'tank@a' });
      });
      const { stdout, stderr } = context.process;
      const [used, unused] = dataOnStdout ? [stderr, stdout] : [stdout, stderr];
      expect(used.text).toBe('{"event":"snapshot","time":1,"name":"tank@a"}\n');
      expect(unused.text).toBe('');
    }
  });

  it('goes to a log file as well', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'zwire-run-'));
    try {
      const failing = (): Promise<void> => Promise.reject(new ZwireError('NO_RECEIVER', 'nobody answered'));
      expect(await ran(fakeContext(), failing, { logDir: directory })).toBe(3);
      const [name = ''] = readdirSync(directory);
      expect(readFileSync(join(directory, name), 'utf8')).toContain('"level":"error","code":"NO_RECEIVER"');
      const file = join(directory, 'file');
      writeFileSync(file, '');
      const body = (): Promise<void> => expect.unreachable('it started without its log');
      expect(await ran(fakeContext(), body, { logDir: file })).toBe(5);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('is taken off the terminal at the end', async () => {
    const context = fakeContext({ stderrIsTerminal: true });
    await ran(context, async (run) => {
      run.report({
        event: 'progress',
        transfer: 'x',
        time: 1000,
        bytes: 1,
        bitsPerSecond: 1,
        repeats: 0,
        frames: 1,
        drops: 0,
        bottleneck: 'wire',
      });
      expect(context.process.stderr.screen).toEqual([expect.stringContaining('receiving')]);
    });
    expect(context.process.stderr.screen).toEqual(['']);
  });
});
