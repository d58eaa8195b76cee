import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeZfs } from '../../test/fake-zfs.ts';
import { parseDatasetName, parseSnapshotName } from './name.ts';
import type { ContinuedSend, SendPlan } from './send.ts';
import { parseSendProgress, type SendProgress, sendTo } from './send-progress.ts';

let directory = '';
let fd = -1;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'zwire-send-to-'));
  fd = openSync(join(directory, 'stream'), 'w');
});
afterEach(() => {
  closeSync(fd);
  rmSync(directory, { recursive: true });
});

const from = parseSnapshotName('tank/my data@mon');
const to = parseSnapshotName('tank/my data@tue');
const delta: SendPlan = { kind: 'incremental', from, to, intermediates: false };
const saved: ContinuedSend = { kind: 'saved', dataset: parseDatasetName('tank/a') };

async function collect(plan: SendPlan | ContinuedSend): Promise<SendProgress[]> {
  const all: SendProgress[] = [];
  for await (const progress of sendTo(plan, fd)) all.push(progress);
  return all;
}

test.each<[string, SendProgress | undefined]>([
  ['full\ttank/s@a\t541928', { kind: 'planned', snapshot: 'tank/s@a', from: undefined, sizeBytes: 541928n }],
  ['full\ttank/s@a', { kind: 'planned', snapshot: 'tank/s@a', from: undefined, sizeBytes: undefined }],
  [
    'incremental\ta b\tmy tank/s@b c\t18446744073614344448',
    { kind: 'planned', snapshot: 'my tank/s@b c', from: 'a b', sizeBytes: undefined },
  ],
  ['size\t541928', { kind: 'size', sizeBytes: 541928n }],
  ['size\t9223372036854775808', { kind: 'size', sizeBytes: undefined }],
  ['09:53:07\t65536\ttank/my data@c', { kind: 'sent', snapshot: 'tank/my data@c', sentBytes: 65536n }],
  ['9:53:07\t65536\ttank/s@c', undefined],
  ['full\ta@b\t1\t2', undefined],
  ["warning: cannot send 'tank/s@a': Broken pipe", undefined],
  ['', undefined],
])('%j', (line, progress) => {
  expect(parseSendProgress(line)).toEqual(progress);
});

test('the stream goes into the descriptor, and what is said of it to the loop', async () => {
  using zfs = new FakeZfs();
  zfs.dataset('tank/my data', {}).snapshots('tank/my data', { mon: [11n, 5], tue: [22n, 6] });
  const words = [
    'incremental\\tmon\\ttank/my data@tue\\t624',
    'size\\t624',
    '10:00:00\\t600\\ttank/my data@tue',
  ];
  const script = `printf 'stream'; printf '${words.join('\\n')}\\n' >&2; exit 0`;
  zfs.on(['send', '-v', '-P', '-L', '-c', '-i', from, to], { script });
  expect(await collect(delta)).toEqual([
    { kind: 'planned', snapshot: to, from: 'mon', sizeBytes: 624n },
    { kind: 'size', sizeBytes: 624n },
    { kind: 'sent', snapshot: to, sentBytes: 600n },
  ]);
  expect(readFileSync(join(directory, 'stream'), 'utf8')).toBe('stream');
});

test('a plan that cannot work fails before anything is written', async () => {
  using zfs = new FakeZfs();
  zfs.dataset('tank/my data', {}).snapshots('tank/my data', { mon: [11n, 7], tue: [22n, 6] });
  await expect(collect(delta)).rejects.toMatchObject({ code: 'ZFS_FROM_NOT_EARLIER' });
  expect(zfs.calls().filter((call) => call.startsWith('send'))).toEqual([]);
});

test('a failure is the error of the complaint, not of the progress or the token beside it', async () => {
  using zfs = new FakeZfs();
  const words = [
    'resume token contents:',
    'nvlist version: 0',
    '\\tobject = 0x2',
    'full\\ttank/a@b\\t1',
    "warning: cannot send 'tank/a@b': I/O error",
  ];
  zfs.on(['send', '-v', '-P', '--saved', 'tank/a'], {
    script: `printf "${words.join('\\n')}\\n" >&2; exit 1`,
  });
  await expect(collect(saved)).rejects.toMatchObject({
    code: 'ZFS_IO_ERROR',
    message: "zfs send --saved tank/a failed: warning: cannot send 'tank/a@b': I/O error",
  });
  zfs.on(['send', '-v', '-P', '--saved', 'tank/a'], {
    script: `printf "${words.slice(0, 4).join('\\n')}\\nnobody knows this\\n" >&2; exit 1`,
  });
  await expect(collect(saved)).rejects.toMatchObject({
    code: 'ZFS_UNKNOWN',
    fields: { stderr: 'nobody knows this\n' },
  });
});

test('leaving the loop ends zfs send', async () => {
  using zfs = new FakeZfs();
  zfs.on(['send', '-v', '-P', '--saved', 'tank/a'], {
    script: `echo $$ >"${directory}/pid"; printf 'size\\t1\\n' >&2; exec sleep 1000`,
  });
  for await (const progress of sendTo(saved, fd)) {
    expect(progress.kind).toBe('size');
    break;
  }
  const pid = Number(readFileSync(join(directory, 'pid'), 'utf8'));
  expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
});
