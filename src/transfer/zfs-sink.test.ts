import { readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FakeZfs } from '../../test/fake-zfs.ts';
import { encodeResumeToken } from '../stream/resume-token.ts';
import type { Announcement } from '../wire/announce.ts';
import { parseDatasetName } from '../zfs/name.ts';
import { digestOf } from '../zfs/replicated-digest.ts';
import type { Sink, SinkRequest } from './sink.ts';
import type { SenderRules } from './transfer-keys.ts';
import { zfsSinkPolicy } from './zfs-sink.ts';
import type { ZfsDestination } from './zfs-target.ts';

const signal = new AbortController().signal;
const into: ZfsDestination = { kind: 'into', dataset: parseDatasetName('backup') };
const TARGET = 'backup/my data';
const NEW_FILESYSTEM = [
  'receive',
  '-s',
  '-u',
  '-o',
  'readonly=on',
  '-o',
  'volmode=dev',
  '-o',
  'canmount=noauto',
  '-o',
  'setuid=off',
  '-o',
  'devices=off',
  '-x',
  'mountpoint',
];
const NO_RESERVATIONS = ['-x', 'reservation', '-x', 'refreservation'];
const NEW_TREE = [...NEW_FILESYSTEM, '-x', 'sharenfs', '-x', 'sharesmb', ...NO_RESERVATIONS];
const INCREMENT = ['receive', '-s', '-u', '-o', 'readonly=on'];
const NEW_VOLUME = [...INCREMENT, '-o', 'volmode=dev'];
const KEPT_HERE = ['-x', 'volmode', '-x', 'setuid', '-x', 'devices'];

const full: Announcement = {
  kind: 'dataset',
  name: 'tank/my data',
  toSnapshot: { name: 'tank/my data@tue', guid: 22n },
  recursive: false,
  features: [],
  segmentPayloadBytes: 1440,
  fecDataRecords: 0,
  fecParityRecords: 0,
  feedback: 'one',
  timeoutMs: 1000,
};
const delta: Announcement = {
  ...full,
  kind: 'delta',
  fromSnapshot: { name: 'tank/my data@mon', guid: 11n },
};

/** What a token says beside the name. */
const PARTIAL = {
  toGuid: 22n,
  fromGuid: 11n,
  object: 2n,
  offset: 0n,
  bytes: 0n,
  largeBlocks: true,
  embedded: false,
  compressed: true,
  raw: false,
  saved: false,
  redactSnapshots: undefined,
  bookmarkRedactSnapshots: undefined,
  littleEndian: true,
};

/** A pool `backup` without the target; after the receive the target has the snapshot with `guid`. */
function emptyTarget(guid: bigint = 22n): FakeZfs {
  const zfs = new FakeZfs();
  zfs
    .dataset('backup', {})
    .dataset(TARGET)
    .snapshots(TARGET, { tue: [guid, 9] })
    .tree(TARGET, { [TARGET]: {} });
  return zfs;
}

function decide(announcement: Announcement, destination: ZfsDestination = into): Promise<Sink> {
  return zfsSinkPolicy(destination, { insecure: true }).decide(requestOf(announcement), signal);
}

const requestOf = (announcement: Announcement, warnings: string[] = []): SinkRequest => ({
  announcement,
  peer: '198.18.0.1:40000',
  transfer: '0123456789abcdef',
  warn: (message) => warnings.push(message),
});

/** The script of a `zfs receive` that keeps what it reads. */
const keep = (zfs: FakeZfs): string => `cat >'${zfs.directory}/stream'; exit 0`;

test('a full stream lands below --into, and the guid is read back', async () => {
  using zfs = emptyTarget();
  zfs.on([...NEW_FILESYSTEM, TARGET], { script: keep(zfs) });
  const sink = await decide(full);
  expect(sink).toMatchObject({ target: TARGET, mayStall: true });
  writeSync(sink.fd, 'the stream');
  expect(await sink.commit()).toEqual({ target: TARGET, guid: 22n, warnings: [] });
  expect(readFileSync(join(zfs.directory, 'stream'), 'utf8')).toBe('the stream');
});

test('a volume is received without the properties of filesystems', async () => {
  using zfs = emptyTarget();
  zfs.on([...NEW_VOLUME, TARGET], { script: keep(zfs) });
  const sink = await decide({ ...full, features: ['volume'] });
  expect(await sink.commit()).toMatchObject({ guid: 22n });
});

test('an increment into a volume needs no telling: the target is looked at', async () => {
  using zfs = new FakeZfs();
  zfs.dataset(TARGET, { type: 'volume' });
  const listing = ['list', '-Hp', '-d', '1', '-t', 'snapshot', '-o', 'name,guid,createtxg', TARGET];
  zfs.snapshots(TARGET, { mon: [11n, 5], tue: [22n, 9] }).on(listing, { stdout: `${TARGET}@mon\t11\t5\n` });
  zfs.on([...INCREMENT, TARGET], { script: keep(zfs) });
  expect(await (await decide(delta)).commit()).toMatchObject({ target: TARGET, guid: 22n });
});

test.each([23n, undefined])('success without the announced snapshot is a failure: guid %s', async (guid) => {
  using zfs = emptyTarget(guid ?? 0n);
  if (guid === undefined) zfs.noSnapshot(`${TARGET}@tue`);
  zfs.on([...NEW_FILESYSTEM, TARGET], { script: keep(zfs) });
  const sink = await decide(full);
  await expect(sink.commit()).rejects.toMatchObject({
    code: 'ZFS_GUID_MISMATCH',
    fields: { expected: 22n, snapshot: `${TARGET}@tue` },
  });
});

test('a failing receive is told in its own words, and the partly received state is thrown away', async () => {
  using zfs = emptyTarget();
  const text = 'cannot receive new filesystem stream: out of space';
  zfs.on([...NEW_FILESYSTEM, TARGET], { script: `cat >/dev/null; echo "${text}" >&2; exit 1` });
  zfs.tree(TARGET, { [TARGET]: { token: '1-abc' } }).on(['receive', '-A', TARGET], {});
  const sink = await decide(full);
  await expect(sink.commit()).rejects.toMatchObject({
    code: 'ZFS_OUT_OF_SPACE',
    fields: { dataset: TARGET },
  });
  expect(zfs.calls()).toContain(`receive -A ${TARGET}`);
});

test('a receive that fails early is told instead of the broken pipe it leaves', async () => {
  using zfs = emptyTarget();
  const text = 'cannot receive new filesystem stream: permission denied';
  zfs.on([...NEW_FILESYSTEM, TARGET], { script: `echo "${text}" >&2; exec 0<&-; exit 1` });
  const sink = await decide(full);
  expect(() => {
    for (;;) writeSync(sink.fd, Buffer.alloc(65_536));
  }).toThrow('EPIPE');
  expect(await sink.abort()).toMatchObject({ code: 'ZFS_PERMISSION' });
});

test('an aborted receive is killed, blames nobody and leaves no partly received state', async () => {
  using zfs = emptyTarget();
  zfs.on([...NEW_FILESYSTEM, TARGET], {
    script: `cat >/dev/null; echo done >'${zfs.directory}/calls.done'; exit 0`,
  });
  zfs.tree(TARGET, { [TARGET]: { token: '1-abc' } }).on(['receive', '-A', TARGET], {});
  const sink = await decide(full);
  writeSync(sink.fd, 'half of the stream');
  expect(await sink.abort()).toBeUndefined();
  expect(zfs.calls().at(-1)).toBe(`receive -A ${TARGET}`);
  expect(() => readFileSync(join(zfs.directory, 'calls.done'))).toThrow('ENOENT');
});

test('partly received state of others below the target is left to them', async () => {
  using zfs = new FakeZfs();
  const tokenOf = (toName: string): string => encodeResumeToken({ ...PARTIAL, toName });
  const listing = ['list', '-Hp', '-d', '1', '-t', 'snapshot', '-o', 'name,guid,createtxg', TARGET];
  zfs.dataset(TARGET, {}).on(listing, { stdout: `${TARGET}@mon\t11\t5\n` });
  zfs.on([...INCREMENT, TARGET], { script: 'cat >/dev/null; exit 0' });
  zfs.tree(TARGET, { [TARGET]: { token: '1-abc' }, [`${TARGET}/other`]: { token: tokenOf('x/y@tue') } });
  zfs.on(['receive', '-A', TARGET], {});
  await (await decide(delta)).abort();
  expect(zfs.calls().filter((call) => call.startsWith('receive -A'))).toEqual([`receive -A ${TARGET}`]);

  zfs.tree(TARGET, { [TARGET]: {} }).snapshotTree(TARGET, { [`${TARGET}@mon`]: 11n });
  const excluded = [...NEW_TREE.slice(NEW_FILESYSTEM.indexOf('-x')), ...KEPT_HERE];
  zfs.on([...INCREMENT, ...excluded, TARGET], { script: 'cat >/dev/null; exit 0' });
  const sink = await decide({ ...delta, recursive: true });
  zfs.tree(TARGET, {
    [TARGET]: {},
    [`${TARGET}/ours`]: { token: tokenOf('tank/my data/ours@tue') },
    [`${TARGET}/other`]: { token: tokenOf('x/y@tue') },
    [`${TARGET}/unknown`]: { token: '1-abc' },
  });
  zfs.on(['receive', '-A', `${TARGET}/ours`], {});
  await sink.abort();
  expect(zfs.calls().filter((call) => call.startsWith('receive -A'))).toEqual([
    `receive -A ${TARGET}`,
    `receive -A ${TARGET}/ours`,
  ]);
});

test('an interruption alone does not undo a receive that is being committed', async () => {
  using zfs = emptyTarget();
  zfs.on([...NEW_FILESYSTEM, TARGET], { script: keep(zfs) });
  const interruption = new AbortController();
  const sink = await zfsSinkPolicy(into, { insecure: true }).decide(requestOf(full), interruption.signal);
  writeSync(sink.fd, 'the stream');
  interruption.abort();
  expect(await sink.commit()).toMatchObject({ guid: 22n });
  expect(readFileSync(join(zfs.directory, 'stream'), 'utf8')).toBe('the stream');
});

test('state that cannot be thrown away does not hide the failure', async () => {
  using zfs = emptyTarget();
  zfs.on([...NEW_FILESYSTEM, TARGET], {
    script: `cat >/dev/null; echo "cannot receive: out of space" >&2; exit 1`,
  });
  zfs.tree(TARGET, { [TARGET]: { token: '1-abc' } });
  zfs.on(['receive', '-A', TARGET], { stderr: "cannot open 'x': permission denied\n", exitCode: 1 });
  await expect((await decide(full)).commit()).rejects.toMatchObject({ code: 'ZFS_OUT_OF_SPACE' });
});

test('a zfs receive that dies after it has committed is a failure that says what has arrived', async () => {
  using zfs = emptyTarget();
  zfs.on([...NEW_FILESYSTEM, TARGET], { script: `cat >/dev/null; kill -KILL $$` });
  await expect((await decide(full)).commit()).rejects.toMatchObject({
    code: 'ZFS_SIGNAL',
    message: expect.stringContaining(`yet ${TARGET}@tue has arrived whole`),
    fields: { snapshot: `${TARGET}@tue`, guid: 22n, signal: 'SIGKILL' },
  });
  zfs.snapshots(TARGET, { tue: [23n, 9] });
  await expect((await decide(full)).commit()).rejects.toMatchObject({
    code: 'ZFS_SIGNAL',
    message: expect.not.stringContaining('arrived'),
  });
});

test('a conflict is refused before anything is started', async () => {
  using zfs = emptyTarget();
  zfs.dataset(TARGET, {});
  await expect(decide(full)).rejects.toMatchObject({ code: 'ZFS_DESTINATION_EXISTS' });
  zfs.snapshots(TARGET, { own: [99n, 1] });
  await expect(decide(delta)).rejects.toMatchObject({ code: 'ZFS_INCREMENTAL_BASE_MISMATCH' });
  expect(zfs.calls().filter((call) => call.startsWith('receive'))).toEqual([]);
});

test('a file, a nameless name and a transfer without keys are refused without asking the pool', async () => {
  using zfs = new FakeZfs();
  const { toSnapshot: _, ...file } = full;
  await expect(decide({ ...file, kind: 'file' })).rejects.toMatchObject({ code: 'KIND_MISMATCH' });
  await expect(decide({ ...full, name: 'tank/../etc' })).rejects.toMatchObject({ code: 'NAME_INVALID' });
  const closed = zfsSinkPolicy(into, { insecure: false });
  await expect(closed.decide(requestOf(full), signal)).rejects.toMatchObject({ code: 'INSECURE_REQUIRED' });
  expect(zfs.calls()).toEqual([]);
});

const web1 = (rules: Partial<SenderRules>): Partial<SinkRequest> => ({
  sender: { publicKey: new Uint8Array(32), name: 'web1', rules: { rawOnly: false, ...rules } },
});

test('the line of a sender chooses where its datasets land, within what the receiver was started for', async () => {
  using zfs = new FakeZfs();
  const target = 'backup/web1/my data';
  zfs.dataset('backup', {}).dataset('backup/web1', {}).dataset(target).tree(target, {});
  zfs.on([...NEW_FILESYSTEM, target], { script: keep(zfs) });
  const policy = zfsSinkPolicy(into, { insecure: false });
  const sink = await policy.decide({ ...requestOf(full), ...web1({ into: 'backup/web1' }) }, signal);
  expect(sink).toMatchObject({ target, rules: { target, rawOnly: false } });
  await sink.abort();
  for (const elsewhere of ['other', 'backup2/web1', 'backu']) {
    const request = { ...requestOf(full), ...web1({ into: elsewhere }) };
    await expect(policy.decide(request, signal)).rejects.toMatchObject({
      code: 'SENDER_NOT_ALLOWED',
      fields: { rule: 'into' },
    });
  }
  const exact = zfsSinkPolicy(
    { kind: 'dataset', dataset: parseDatasetName('backup/web2/x') },
    { insecure: false },
  );
  await expect(
    exact.decide({ ...requestOf(full), ...web1({ into: 'backup/web1' }) }, signal),
  ).rejects.toMatchObject({ code: 'SENDER_NOT_ALLOWED' });
});

test('the gate is told what was announced, what is here, and that a sender may only send raw', async () => {
  using zfs = emptyTarget();
  zfs.on([...NEW_FILESYSTEM, TARGET], { script: keep(zfs) });
  const policy = zfsSinkPolicy(into, { insecure: false });
  const sink = await policy.decide({ ...requestOf(full), ...web1({ rawOnly: true }) }, signal);
  expect(sink.rules).toEqual({
    target: TARGET,
    type: 'filesystem',
    incremental: false,
    recursive: false,
    known: [],
    clones: [],
    rawOnly: true,
    to: full.toSnapshot,
  });
  await sink.abort();
});

test('one transfer into a target at a time, and the next after its end', async () => {
  using zfs = emptyTarget();
  zfs.on([...NEW_FILESYSTEM, TARGET], { script: keep(zfs) });
  const policy = zfsSinkPolicy(into, { insecure: true });
  const first = await policy.decide(requestOf(full), signal);
  await expect(policy.decide(requestOf(full), signal)).rejects.toMatchObject({ code: 'TARGET_BUSY' });
  await first.commit();
  const second = await policy.decide(requestOf(full), signal);
  await second.abort();
  await (await policy.decide(requestOf(full), signal)).commit();
});

test('a refused transfer does not keep the target', async () => {
  using zfs = emptyTarget();
  zfs.dataset(TARGET, {}).on([...NEW_FILESYSTEM, TARGET], { script: keep(zfs) });
  const policy = zfsSinkPolicy(into, { insecure: true });
  await expect(policy.decide(requestOf(full), signal)).rejects.toMatchObject({
    code: 'ZFS_DESTINATION_EXISTS',
  });
  zfs.dataset(TARGET);
  await (await policy.decide(requestOf(full), signal)).commit();
});

test('a recursive transfer has the whole tree for itself', async () => {
  using zfs = emptyTarget();
  zfs.on([...NEW_TREE, TARGET], { script: keep(zfs) });
  const policy = zfsSinkPolicy(into, { insecure: true });
  const tree = await policy.decide(requestOf({ ...full, recursive: true }), signal);
  const below = requestOf({ ...full, name: 'tank/my data/below' });
  await expect(policy.decide(below, signal)).rejects.toMatchObject({
    code: 'TARGET_BUSY',
    fields: { busy: TARGET, dataset: `${TARGET}/below` },
  });
  await tree.abort();
});

test('a recursive stream is compared as a tree, and its children are kept from mounting', async () => {
  using zfs = emptyTarget();
  const child = `${TARGET}/child`;
  zfs.on([...NEW_TREE, TARGET], { script: keep(zfs) });
  zfs.tree(TARGET, { [TARGET]: {}, [child]: {}, [`${TARGET}/vol`]: { type: 'volume' } });
  const list = ['list', '-Hp', '-t', 'snapshot', '-o', 'name,guid,createtxg'];
  const names = [`${TARGET}@tue`, `${child}@tue`, `${TARGET}/vol@tue`];
  zfs.on([...list, ...names], { stdout: names.map((name, n) => `${name}\t${22 + n}\t9\n`).join('') });
  zfs.on(['set', 'canmount=noauto', child], {});
  const digest = digestOf([
    { path: '', snap: 'tue', guid: 22n },
    { path: 'child', snap: 'tue', guid: 23n },
    { path: 'vol', snap: 'tue', guid: 24n },
  ]);
  const tree = { ...full, recursive: true, replicated: { count: 3, digest } };
  expect(await (await decide(tree)).commit()).toEqual({ target: TARGET, guid: 22n, warnings: [] });
  expect(zfs.calls()).toContain(`set canmount=noauto ${child}`);

  const other = { ...tree, replicated: { count: 4, digest } };
  await expect((await decide(other)).commit()).rejects.toMatchObject({
    code: 'ZFS_GUID_MISMATCH',
    fields: { count: 3, expectedCount: 4 },
  });
});

test.each(['breaks off', 'fails', 'is another than was announced'])(
  'of a recursive stream that %s, what has arrived is kept from mounting too',
  async (how) => {
    using zfs = emptyTarget(how === 'is another than was announced' ? 23n : 22n);
    const [old, child] = [`${TARGET}/old`, `${TARGET}/child`];
    zfs.on([...NEW_TREE, TARGET], { script: how === 'fails' ? 'cat >/dev/null; exit 1' : keep(zfs) });
    zfs.tree(TARGET, { [TARGET]: {}, [child]: {}, [old]: {} });
    zfs.on(['set', 'canmount=noauto', child, old], {});
    const end = async (): Promise<string[]> => {
      const warnings: string[] = [];
      const request = requestOf({ ...full, recursive: true }, warnings);
      const sink = await zfsSinkPolicy(into, { insecure: true }).decide(request, signal);
      if (how === 'breaks off') await sink.abort();
      else await expect(sink.commit()).rejects.toThrow();
      return warnings;
    };
    expect(await end()).toEqual([]);
    expect(zfs.calls()).toContain(`set canmount=noauto ${child} ${old}`);

    const stderr = `cannot set property for '${child}': permission denied\n`;
    zfs.on(['set', 'canmount=noauto', child, old], { stderr, exitCode: 1 });
    expect(await end()).toEqual([expect.stringContaining('may be mounted')]);
  },
);

test('a recursive increment leaves what was there before as it is', async () => {
  using zfs = new FakeZfs();
  const listing = ['list', '-Hp', '-d', '1', '-t', 'snapshot', '-o', 'name,guid,createtxg', TARGET];
  zfs
    .dataset(TARGET, {})
    .snapshots(TARGET, { tue: [22n, 9] })
    .on(listing, { stdout: `${TARGET}@mon\t11\t5\n` });
  zfs.tree(TARGET, { [TARGET]: {}, [`${TARGET}/old`]: { token: '1-older' } });
  zfs.snapshotTree(TARGET, { [`${TARGET}@mon`]: 11n });
  const excluded = [...NEW_TREE.slice(NEW_FILESYSTEM.indexOf('-x')), ...KEPT_HERE];
  zfs.on([...INCREMENT, ...excluded, TARGET], { script: 'cat >/dev/null; exit 0' });
  const increment = { ...delta, recursive: true };
  const sink = await decide(increment);
  expect(sink.rules).toMatchObject({ known: [{ path: '', snap: 'mon', guid: 11n }], clones: [] });
  expect(await sink.commit()).toEqual({ target: TARGET, guid: 22n, warnings: [] });
  await (await decide(increment)).abort();
  expect(zfs.calls().filter((call) => /^(?:set|receive -A)/.test(call))).toEqual([]);
});

test('the gate is told which datasets here are clones, and of what', async () => {
  using zfs = new FakeZfs();
  const [below, copy, outside] = ['below', 'copy', 'outside'].map((name) => `${TARGET}/${name}`);
  zfs
    .dataset(TARGET, {})
    .snapshots(TARGET, { mon: [11n, 5] })
    .tree(TARGET, { [TARGET]: {} });
  zfs.snapshotTree(TARGET, { [`${TARGET}@mon`]: 11n, [`${below}@mon`]: 12n });
  zfs.on(['list', '-Hp', '-r', '-t', 'filesystem,volume', '-o', 'name,origin', TARGET], {
    stdout: `${TARGET}\t-\n${below}\t-\n${copy}\t${below}@mon\n${outside}\ttank/x@y\n`,
  });
  zfs.on([...INCREMENT, ...NEW_TREE.slice(NEW_FILESYSTEM.indexOf('-x')), ...KEPT_HERE, TARGET], {
    script: 'cat >/dev/null; exit 0',
  });
  const sink = await decide({ ...delta, recursive: true });
  expect(sink.rules?.clones).toEqual([
    { path: '/copy', originGuid: 12n },
    { path: '/outside', originGuid: 0n },
  ]);
  await sink.abort();
});

test('what went wrong beside the data is a warning', async () => {
  using zfs = emptyTarget();
  const complaint = `Warning: failed to clear unreceived properties on ${TARGET}`;
  zfs.on([...NEW_TREE, TARGET], { script: `cat >/dev/null; echo "${complaint}" >&2; exit 0` });
  zfs.tree(TARGET, { [TARGET]: {}, [`${TARGET}/c`]: {} });
  zfs.on(['set', 'canmount=noauto', `${TARGET}/c`], {
    stderr: `cannot set property for '${TARGET}/c': permission denied\n`,
    exitCode: 1,
  });
  const { warnings } = await (await decide({ ...full, recursive: true })).commit();
  expect(warnings).toHaveLength(2);
  expect(warnings?.[0]).toBe(complaint);
  expect(warnings?.[1]).toContain('may be mounted');
});

test("the seed's format: no guid and no type, so both are looked up afterwards", async () => {
  using zfs = emptyTarget();
  const { toSnapshot: _, ...seed } = full;
  zfs.on([...NEW_VOLUME, '-x', 'mountpoint', TARGET], { script: keep(zfs) });
  zfs.on(['set', 'canmount=noauto', 'setuid=off', 'devices=off', TARGET], {});
  expect(await (await decide(seed)).commit()).toEqual({ target: TARGET, guid: 22n, warnings: [] });
  expect(zfs.calls()).toContain(`set canmount=noauto setuid=off devices=off ${TARGET}`);
});

test('without zfs on this machine the refusal names the package', async () => {
  using zfs = new FakeZfs();
  const path = process.env['PATH'];
  process.env['PATH'] = join(zfs.directory, 'nowhere');
  try {
    await expect(decide(full)).rejects.toMatchObject({ code: 'PROGRAM_MISSING' });
  } finally {
    process.env['PATH'] = path;
  }
});

test('the announced name is taken only when the receiver asks for it', async () => {
  using zfs = new FakeZfs();
  zfs
    .dataset('tank', {})
    .dataset('tank/my data')
    .snapshots('tank/my data', { tue: [22n, 1] });
  zfs.on([...NEW_FILESYSTEM, 'tank/my data'], { script: keep(zfs) });
  const sink = await decide(full, { kind: 'announced-name' });
  expect(await sink.commit()).toMatchObject({ target: 'tank/my data' });
});
