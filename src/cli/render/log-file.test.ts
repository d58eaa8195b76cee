import { closeSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ZwireError } from '../../bytes/zwire-error.ts';
import type { VerbosityLevel } from '../parse/verbosity.ts';
import { logFileName, openLogFile } from './log-file.ts';
import type { CommandEvent, Reporter } from './reporter.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'zwire-log-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const NOW = Date.UTC(2026, 10, 23, 2, 53, 51, 999);
const progress = (time: number): CommandEvent => ({
  event: 'progress',
  transfer: 'x',
  time,
  bytes: 1,
  bitsPerSecond: 1,
  repeats: 0,
  frames: 1,
  drops: 0,
  bottleneck: 'wire',
});

function open(verbosity: VerbosityLevel, path = directory, onLost = (): void => undefined): Reporter {
  return openLogFile({ directory: path, verbosity, processId: 42, now: () => NOW, onLost });
}

function lines(path = directory): unknown[] {
  const [name = ''] = readdirSync(path);
  const text = readFileSync(join(path, name), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
}

describe('the log file', () => {
  it('has a name of its own, in a directory that is made, and is not for everyone', () => {
    const deep = join(directory, 'a', 'b');
    open('info', deep).close();
    expect(readdirSync(deep)).toEqual(['zwire-20261123T025351Z-42.jsonl']);
    expect(statSync(join(deep, logFileName(NOW, 42))).mode & 0o007).toBe(0);
  });

  it.each<[VerbosityLevel, string[]]>([
    ['error', ['error']],
    ['warning', ['warning', 'error']],
    ['info', ['snapshot', 'warning', 'error']],
    ['debug', ['snapshot', 'warning', 'progress', 'progress', 'error']],
  ])('at %s holds the events up to that level, progress once a second', (verbosity, events) => {
    const log = open(verbosity);
    log.event({ event: 'snapshot', time: 1, name: 'tank@a' });
    log.event({ event: 'warning', transfer: '', time: 2, code: 'X', message: 'y' });
    for (let time = 0; time < 2000; time += 100) log.event(progress(time));
    log.failure(new ZwireError('SINK_FAILED', 'full'), 1);
    log.close();
    expect(lines()).toEqual(events.map((event) => expect.objectContaining({ event })));
    expect(lines().at(-1)).toMatchObject({ level: 'error', code: 'SINK_FAILED', exitCode: 1 });
  });

  it('does not write over another, nor where it may not', () => {
    open('info').close();
    expect(() => open('info')).toThrow(expect.objectContaining({ code: 'LOG_UNWRITABLE' }));
    writeFileSync(join(directory, 'file'), '');
    expect(() => open('info', join(directory, 'file'))).toThrow(
      expect.objectContaining({ code: 'LOG_UNWRITABLE' }),
    );
  });

  it('that cannot be written any more is given up, said once, and never fatal', () => {
    const lost: unknown[] = [];
    const log = open('debug', directory, () => void lost.push(1));
    closeOpenLog();
    log.event({ event: 'snapshot', time: 1, name: 'tank@a' });
    log.event({ event: 'snapshot', time: 2, name: 'tank@b' });
    expect(lost).toHaveLength(1);
    log.close();
  });
});

/** Closes the log's descriptor behind its back, so that the next write fails as on a full disk. */
function closeOpenLog(): void {
  const { ino } = statSync(join(directory, logFileName(NOW, 42)));
  for (const name of readdirSync('/proc/self/fd')) {
    try {
      if (statSync(`/proc/self/fd/${name}`).ino === ino) closeSync(Number(name));
    } catch {
      // The descriptor that listed the directory is gone by now.
    }
  }
}
