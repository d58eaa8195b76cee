// Traces of real transfers: what they say of loss is what a counter in the kernel says, they name the side that was
// slowed, and they are whole however a run ends.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseTrace, type TraceDocument, type TraceTransfer } from '../../src/trace/trace-document.ts';
import { type Culprit, reportTrace } from '../../src/trace/report.ts';
import { expectSound, ns } from '../trace-checks.ts';
import { expectExit, type LinkKind, numberOf, Scene } from './scene.ts';
import { ZWIRE } from './side.ts';

const THROTTLE = fileURLToPath(new URL('throttle.mjs', import.meta.url));

function readTrace(path: string): TraceDocument {
  const document = parseTrace(readFileSync(path, 'utf8'), path);
  expectSound(document);
  // Perfetto drops what is before 0.
  expect(document.traceEvents.filter((event) => event.ts < 0)).toEqual([]);
  return document;
}

function transferOf(document: TraceDocument): TraceTransfer {
  const transfer = document.otherData.hosts[0]?.transfers[0];
  if (transfer === undefined) throw new Error('no transfer in the trace');
  return transfer;
}

/** Runs `zwire trace ...` as a user does; returns what it prints. */
async function traceCommand(...args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [ZWIRE, 'trace', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect(code).toBe(0);
  return output;
}

/** Segments repeated, as the flights tell it one by one. */
function repeatsInFlights(document: TraceDocument): number {
  const { unlistedRepeats } = transferOf(document);
  return document.traceEvents.reduce(
    (sum, event) => sum + (event.ph === 'b' ? Number(event.args?.['repeats'] ?? 0) : 0),
    unlistedRepeats,
  );
}

const BYTES = 32 * 1024 * 1024 + 1;

describe('loss on the way', () => {
  it.each<[LinkKind, number, number]>([
    ['raw', 1500, 2],
    ['raw', 9000, 5],
    ['udp', 1500, 2],
  ])(
    'is in the traces of both sides what the kernel dropped between them: %s, MTU %i, %i in a hundred',
    async (link, mtuBytes, percent) => {
      await using scene = await Scene.open(link, { mtuBytes, middle: 'bridge' });
      await scene.lab.singleDatagrams();
      const dropped = await scene.lab.loseInMiddle(percent);
      const [send, recv, both] = ['send', 'recv', 'both'].map((name) =>
        join(scene.directory, `${name}.json`),
      );
      if (send === undefined || recv === undefined || both === undefined) throw new Error('no paths');
      const { path } = scene.source(BYTES);
      const receiver = await scene.receive(['--file', scene.target(), '--once', '--trace', recv]);
      const sender = scene.send(['--file', path, '--trace', send]);
      await expectExit(sender, 0);
      await expectExit(receiver, 0);

      const lost = await dropped();
      const sent = readTrace(send);
      expect(transferOf(readTrace(recv)).figures.bytes).toBe(BYTES);
      const finished = await sender.event('finished');
      for (const figure of ['bytes', 'records', 'repeats', 'frames'] as const)
        expect(transferOf(sent).figures[figure]).toBe(numberOf(finished, figure));
      expect(transferOf(sent).figures.bytes).toBe(BYTES);
      expect(repeatsInFlights(sent)).toBe(numberOf(finished, 'repeats'));
      expect(lost).toBeGreaterThan(5);

      expect(await traceCommand('merge', send, recv, '-o', both)).toMatch(/clocks aligned within \d+ us/);
      const merged = readTrace(both);
      const report = reportTrace(merged);
      expect(report.wire[0]?.segmentsLost).toBe(lost);
      // Every repeat replaced a lost segment, or came although its segment was there.
      expect(report.wire[0]?.repeats).toBe(lost + (report.wire[0]?.needless ?? 0));
      expect(merged.traceEvents.filter((event) => event.ph === 's').length).toBeGreaterThan(10);
    },
  );
});

/** The flight of a record cannot end before it begins, on one clock: what merging must not break by more than it says. */
it('arrows of a merged trace do not go back in time', async () => {
  await using scene = await Scene.open('raw');
  const [send, recv, both] = ['send', 'recv', 'both'].map((name) => join(scene.directory, `${name}.json`));
  const { path } = scene.source(BYTES);
  const receiver = await scene.receive(['--file', scene.target(), '--once', '--trace', recv ?? '']);
  await expectExit(scene.send(['--file', path, '--trace', send ?? '']), 0);
  await expectExit(receiver, 0);
  await traceCommand('merge', recv ?? '', send ?? '', '-o', both ?? '');
  const merged = readTrace(both ?? '');
  const starts = new Map(
    merged.traceEvents.flatMap((event) => (event.ph === 's' ? [[event.id, event.ts]] : [])),
  );
  const ends = merged.traceEvents.flatMap((event) => (event.ph === 'f' ? [event] : []));
  expect(ends.length).toBe(starts.size);
  expect(merged.otherData.alignments[0]?.method).toBe('echoes');
});

describe('a slowed run', () => {
  /** A rate below what either side does, far above what takes long. */
  const BYTES_A_SECOND = 10e6;
  const SLOW_BYTES = 24 * 1024 * 1024;

  async function culprits(scene: Scene, send: string, recv: string): Promise<(Culprit | undefined)[]> {
    const both = join(scene.directory, 'both.json');
    await traceCommand('merge', send, recv, '-o', both);
    const { transfers, wire } = reportTrace(readTrace(both));
    return [...transfers.map((transfer) => transfer.culprit), wire[0]?.culprit];
  }

  it('by its source has the source as its culprit', async () => {
    await using scene = await Scene.open('raw');
    const [send, recv] = [join(scene.directory, 'send.json'), join(scene.directory, 'recv.json')];
    const { path } = scene.source(SLOW_BYTES);
    const receiver = await scene.receive(['--file', scene.target(), '--once', '--trace', recv]);
    const sender = scene.lab.a.start([
      'sh',
      '-c',
      `"${process.execPath}" "${THROTTLE}" ${BYTES_A_SECOND} <"$0" | "$@"`,
      path,
      process.execPath,
      ZWIRE,
      ...scene.sendArgs(['--file', '-', '--trace', send]),
    ]);
    await expectExit(sender, 0);
    await expectExit(receiver, 0);
    expect(await culprits(scene, send, recv)).toEqual(['source', 'elsewhere', 'source']);
    const { transfers } = JSON.parse(await traceCommand('report', send, '--json'));
    expect(transfers).toMatchObject([{ side: 'send', culprit: 'source', outcome: 'committed' }]);
    expect(await traceCommand('report', send)).toMatch(
      /^ {2}waiting for the source \d+ %[^]*limited by the source/m,
    );
  });

  it('by its sink has the sink as its culprit, seen from both sides', async () => {
    await using scene = await Scene.open('raw');
    const [send, recv] = [join(scene.directory, 'send.json'), join(scene.directory, 'recv.json')];
    const { path } = scene.source(SLOW_BYTES);
    const receiver = scene.lab.b.start(
      [
        'sh',
        '-c',
        `"$@" | "${process.execPath}" "${THROTTLE}" ${BYTES_A_SECOND} >/dev/null`,
        'sh',
        process.execPath,
        ZWIRE,
        ...scene.receiveArgs(['--file', '-', '--pool-memory', '16M', '--trace', recv]),
      ],
      { eventsOn: 'stderr' },
    );
    await receiver.event('listening');
    await expectExit(scene.send(['--file', path, '--trace', send]), 0);
    await expectExit(receiver, 0);
    expect(await culprits(scene, send, recv)).toEqual(['sink', 'sink', 'sink']);
    expect(await traceCommand('report', recv)).toMatch(/writer: waiting for the sink \d+ %/);
  });
});

describe('a run that nobody answers', () => {
  it.each(['--one-way', '--wire v0'])('is traced, and has its --rate as its culprit: %s', async (text) => {
    const flags = text.split(' ');
    await using scene = await Scene.open('raw', { mtuBytes: 1500 });
    const [send, recv] = [join(scene.directory, 'send.json'), join(scene.directory, 'recv.json')];
    const { path } = scene.source(4 << 20);
    const theirs = flags.filter((flag) => flag !== '--one-way');
    const receiver = await scene.receive(['--file', scene.target(), '--once', ...theirs, '--trace', recv]);
    await expectExit(scene.send(['--file', path, ...flags, '--rate', '40Mbit', '--trace', send]), 0);
    await expectExit(receiver, 0);
    const [sent, received] = [readTrace(send), readTrace(recv)];
    expect(transferOf(sent)).toMatchObject({ outcome: 'delivered', figures: { bytes: 4 << 20 } });
    expect(reportTrace(sent).transfers[0]?.culprit).toBe('rate');
    expect(transferOf(received)).toMatchObject({ outcome: 'committed', figures: { bytes: 4 << 20 } });
    expect(reportTrace(received).transfers[0]?.shares.length).toBeGreaterThan(1);
  });
});

describe('a run that ends before its time', () => {
  it('by Ctrl-C leaves a whole trace on both sides', async () => {
    await using scene = await Scene.open('raw');
    const [send, recv] = [join(scene.directory, 'send.json'), join(scene.directory, 'recv.json')];
    const receiver = await scene.receive(['--file', scene.target(), '--once', '--trace', recv]);
    const { sender } = await scene.openTransfer(receiver, ['--trace', send]);
    await sender.event('progress');
    sender.signal('SIGINT');
    await expectExit(sender, 130);
    expect((await receiver.exit).code).not.toBe(0);
    for (const path of [send, recv]) {
      const transfer = transferOf(readTrace(path));
      expect(transfer.outcome).toBe('failed');
      expect(transfer.figures.bytes).toBeGreaterThan(0);
    }
    expect(transferOf(readTrace(send)).error).toBe('INTERRUPTED');
  });

  it('without a receiver leaves the time it waited for one', async () => {
    await using scene = await Scene.open('udp');
    const send = join(scene.directory, 'send.json');
    const { path } = scene.source(10);
    await expectExit(scene.send(['--file', path, '--timeout', '1', '--trace', send]), 3);
    const document = readTrace(send);
    const start = document.traceEvents.flatMap((event) =>
      event.ph === 'X' && event.name === 'start' ? [ns(event.dur)] : [],
    );
    expect(start.reduce((sum, dur) => sum + dur, 0)).toBeGreaterThan(0.9e9);
  });

  it('does not begin when its trace cannot be written', async () => {
    await using scene = await Scene.open('udp');
    const { path } = scene.source(10);
    const sender = scene.send(['--file', path, '--trace', join(scene.directory, 'missing', 'send.json')]);
    await expectExit(sender, 5);
    expect(sender.eventsNamed('error')[0]?.['code']).toBe('TRACE_UNWRITABLE');
  });
});
