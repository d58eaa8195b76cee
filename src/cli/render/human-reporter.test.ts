import { describe, expect, it } from 'vitest';
import { RecordingStream } from '../../../test/cli/fake-context.ts';
import { ZwireError } from '../../bytes/zwire-error.ts';
import { HumanReporter, type HumanReporterOptions } from './human-reporter.ts';
import type { CommandEvent } from './reporter.ts';

function reporterOn(stream: RecordingStream, options: Partial<HumanReporterOptions> = {}): HumanReporter {
  return new HumanReporter({
    stream,
    environment: {},
    role: 'send',
    quiet: false,
    debug: false,
    failuresAreThrown: true,
    ...options,
  });
}

const base = { transfer: '00112233aabbccdd', time: 1000 };
const announced: CommandEvent = {
  ...base,
  event: 'announced',
  name: 'x.img',
  kind: 'file',
  peer: '198.18.0.2:1337',
  sizeBytes: 1024n ** 3n,
  gso: true,
  mtuBytes: 9000,
};
const progress = (time: number, bytes: number): CommandEvent => ({
  ...base,
  time,
  event: 'progress',
  bytes,
  totalBytes: 1024 ** 3,
  bitsPerSecond: 8e9,
  repeats: 0,
  frames: 1,
  drops: 0,
  bottleneck: 'wire',
  etaSeconds: 1,
});
const finished: CommandEvent = {
  ...base,
  event: 'finished',
  outcome: 'committed',
  bytes: 1024 ** 3,
  seconds: 0.52,
  bitsPerSecond: 16.5e9,
  records: 17_180,
  frames: 120_260,
  repeats: 2,
  drops: 0,
  rejected: 0,
  target: '/tmp/out.img',
};

describe('on a terminal', () => {
  it('rewrites one line at most five times a second, and ends with a summary', () => {
    const stream = new RecordingStream({ isTTY: true, columns: 100 });
    const reporter = reporterOn(stream);
    reporter.event(announced);
    let draws = 0;
    for (let time = 0; time < 2000; time += 10) {
      const before = stream.text.length;
      reporter.event(progress(time, time * 1e5));
      if (stream.text.length > before) draws += 1;
    }
    expect(draws).toBe(10);
    expect(stream.screen.at(-1)).toMatch(/^sending x\.img {2}\S+ MiB of 1\.00 GiB \(\d+%\) {2}8\.00 Gbit\/s/);
    reporter.event(finished);
    reporter.close();
    expect(stream.screen).toEqual([
      'zwire: sending x.img to 198.18.0.2:1337, 1.00 GiB, MTU 9000, super-frames',
      'zwire: sent x.img to 198.18.0.2:1337: 1.00 GiB in 0.52 s, 16.5 Gbit/s, 120 260 frames, 2 repeats; ' +
        'now /tmp/out.img on the receiver',
      '',
    ]);
  });

  it('goes on drawing after the clock was set back', () => {
    const stream = new RecordingStream({ isTTY: true });
    const reporter = reporterOn(stream);
    reporter.event(progress(1e6, 1));
    reporter.event(progress(10, 1e9));
    expect(stream.screen.at(-1)).toContain('954 MiB');
  });

  it('fits the line into a window that became narrow', () => {
    const stream = new RecordingStream({ isTTY: true, columns: 100 });
    const reporter = reporterOn(stream);
    reporter.event(announced);
    stream.columns = 30;
    reporter.event(progress(5000, 1e8));
    expect(stream.screen.at(-1)?.length).toBeLessThan(30);
  });

  it('prints warnings above the line, and leaves the line clean at the end', () => {
    const stream = new RecordingStream({ isTTY: true });
    const reporter = reporterOn(stream);
    reporter.event(progress(1000, 5e8));
    reporter.event({ ...base, event: 'warning', code: 'INSECURE', message: 'nobody is kept out' });
    expect(stream.screen).toEqual([
      'zwire: warning: nobody is kept out (INSECURE)',
      expect.stringMatching(/^sending/),
    ]);
    reporter.close();
    reporter.close();
    expect(stream.screen.at(-1)).toBe('');
  });

  it('paints errors, unless NO_COLOR is set', () => {
    for (const [environment, painted] of [
      [{}, true],
      [{ NO_COLOR: '1' }, false],
    ] as const) {
      const stream = new RecordingStream({ isTTY: true });
      reporterOn(stream, { environment }).failure(new ZwireError('NO_RECEIVER', 'nobody answered'));
      expect(stream.text.includes('\x1b[1;31m')).toBe(painted);
    }
  });
});

describe('elsewhere', () => {
  it('says nothing but the summary', () => {
    const stream = new RecordingStream();
    const reporter = reporterOn(stream);
    for (const event of [announced, progress(1000, 1), progress(2000, 2), finished]) reporter.event(event);
    expect(stream.text).toMatch(/^zwire: sent x\.img .*\n$/);
    expect(stream.text).not.toContain('\x1b');
  });

  it('says since when a receiver listens that stays', () => {
    const listening: CommandEvent = {
      ...base,
      event: 'listening',
      mode: 'raw',
      endpoint: 'UDP port 1337 in raw frames on eth1',
      port: 1337,
      mtuBytes: 9000,
    };
    const said = (failuresAreThrown: boolean, quiet: boolean): string => {
      const stream = new RecordingStream();
      reporterOn(stream, { role: 'receive', failuresAreThrown, quiet }).event(listening);
      return stream.text;
    };
    expect(said(false, false)).toBe('zwire: listening on UDP port 1337 in raw frames on eth1, MTU 9000\n');
    expect([said(true, false), said(false, true)]).toEqual(['', '']);
  });

  it('says nothing at all under --quiet, but warnings and errors', () => {
    const stream = new RecordingStream();
    const reporter = reporterOn(stream, { quiet: true });
    for (const event of [announced, progress(1000, 1), finished]) reporter.event(event);
    expect(stream.text).toBe('');
    reporter.event({ ...base, event: 'warning', code: 'X', message: 'y' });
    reporter.failure(new ZwireError('NO_RECEIVER', 'nobody answered'));
    expect(stream.text).toBe('zwire: warning: y (X)\nzwire: nobody answered (NO_RECEIVER)\n');
  });
});

describe('a receiver', () => {
  const accepted: CommandEvent = { ...base, event: 'accepted', name: 'evil\x1b[2J', peer: '198.18.0.1:4' };
  const failed: CommandEvent = {
    ...base,
    event: 'finished',
    outcome: 'failed',
    bytes: 10,
    seconds: 1,
    bitsPerSecond: 1,
    records: 0,
    frames: 1,
    repeats: 0,
    drops: 3,
    rejected: 0,
    error: { code: 'PEER_LOST', message: 'the sender fell silent', hint: 'Is it up?' },
  };

  it('that stays prints the failure of one transfer and goes on', () => {
    const stream = new RecordingStream();
    const reporter = reporterOn(stream, { role: 'receive', failuresAreThrown: false });
    reporter.event(accepted);
    reporter.event(failed);
    expect(stream.text).toBe(
      'zwire: evil?[2J from 198.18.0.1:4 failed after 10 B: the sender fell silent (PEER_LOST)\n  Is it up?\n',
    );
  });

  it('with --once prints it once', () => {
    const stream = new RecordingStream();
    const reporter = reporterOn(stream, { role: 'receive' });
    reporter.event(failed);
    reporter.failure(new ZwireError('PEER_LOST', 'the sender fell silent'));
    expect(stream.text).toBe('zwire: the sender fell silent (PEER_LOST)\n');
  });

  it('says whom it refused and why, where a sender leaves that to its error', () => {
    const refused: CommandEvent = {
      ...base,
      event: 'refused',
      code: 'BUSY',
      message: 'full',
      peer: '198.18.0.1:4',
    };
    const receiver = new RecordingStream();
    reporterOn(receiver, { role: 'receive' }).event(refused);
    expect(receiver.text).toBe('zwire: warning: refused 198.18.0.1:4: full (BUSY)\n');
    const sender = new RecordingStream();
    reporterOn(sender).event(refused);
    expect(sender.text).toBe('');
  });

  it('counts what the kernel dropped and what was rejected', () => {
    const stream = new RecordingStream();
    const reporter = reporterOn(stream, { role: 'receive' });
    reporter.event({ ...finished, drops: 1, rejected: 2, guid: '123' });
    expect(stream.text).toContain(
      '1 frame dropped by the kernel, 2 segments rejected; now /tmp/out.img (guid 123)',
    );
  });
});

it('says that nobody has confirmed what was sent one way', () => {
  const stream = new RecordingStream();
  const { target: _, ...delivered } = finished;
  reporterOn(stream).event({ ...delivered, outcome: 'delivered' });
  expect(stream.text).toContain('sent one way, so nobody has said that it arrived');
});
