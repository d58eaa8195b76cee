// The seed's "Sending delta between two snapshots", both sides in this process over loopback, with a `zfs` that
// prints and swallows known bytes. Real pools: test/zfs/guest/cases/library.mjs.
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeZfs, missing } from './fake-zfs.ts';
import type { DeltaOptions, Receiver as ReceiverType, ReceiverOptions } from '../src/index.ts';

// The built package: its workers are there.
const built = new URL('../dist/index.js', import.meta.url).href;
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- dist/ is made of src/
const { Delta, DeltaReader, deliver, Receiver } = (await import(built)) as typeof import('../src/index.ts');

const FROM = 'tank/my data@mon';
const TO = 'tank/my data@tue';
const RANGE = ['-L', '-c', '-i', FROM, TO];
const TARGET = 'backup/my data';

let zfs: FakeZfs;
let port = 0;
beforeEach(async () => {
  zfs = new FakeZfs();
  zfs.dataset('tank/my data', {}).snapshots('tank/my data', { mon: [11n, 5], tue: [22n, 6] });
  zfs.on(['send', '-n', '-v', '-P', ...RANGE], { stdout: 'size\t2000000\n' });
  zfs.on(['send', ...RANGE], { script: 'seq 300000; exit 0' });
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  ({ port } = socket.address());
  await new Promise<void>((resolve) => socket.close(() => resolve()));
});
afterEach(() => zfs[Symbol.dispose]());

const STREAM = Array.from({ length: 300_000 }, (_, n) => `${n + 1}\n`).join('');
const invert = (chunk: Uint8Array): Uint8Array => chunk.map((byte) => byte ^ 0xff);
const listening = (options: ReceiverOptions = {}): ReceiverOptions => ({
  address: '127.0.0.1',
  port,
  ...options,
});

async function collect(
  receiver: ReceiverType,
  change: (chunk: Uint8Array) => Uint8Array,
): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of receiver) chunks.push(change(chunk));
  return chunks;
}

test('a delta passes through onSend, and its inverse gives the stream back, chunk for chunk', async () => {
  const sent: number[] = [];
  const onSend = async (chunk: Uint8Array): Promise<Uint8Array> => {
    sent.push(chunk.length + 1);
    return Buffer.concat([Uint8Array.of(sent.length & 0xff), invert(chunk)]);
  };
  await using receiver = new Receiver(listening());
  await using delta = new Delta(FROM, TO);
  const taking = collect(receiver, (chunk) => chunk);
  const result = await deliver(delta, { to: ['127.0.0.1', port], onSend });
  expect(result).toMatchObject({ outcome: 'committed', target: 'the receiving program' });
  const chunks = await taking;
  expect(chunks.map((chunk) => chunk.length)).toEqual(sent);
  expect(chunks.map(([first]) => first)).toEqual(chunks.map((_, n) => (n + 1) & 0xff));
  expect(Buffer.concat(chunks.map((chunk) => invert(chunk.subarray(1)))).toString()).toBe(STREAM);
});

test('chunk by chunk into a DeltaReader, and the sender hears what zfs receive said', async () => {
  zfs.dataset(TARGET, {}).snapshots(TARGET, { mon: [11n, 5], tue: [22n, 9] });
  zfs.on(['receive', '-u', '-o', 'readonly=on', TARGET], { script: 'cat >"$dir/received"; exit 0' });
  await using reader = new DeltaReader(TARGET);
  await using receiver = new Receiver(listening({ insecure: true, confirm: () => reader.finish() }));
  const restoring = (async () => {
    for await (const chunk of receiver) await reader.restore(chunk);
  })();
  await using delta = new Delta(FROM, TO);
  const result = await deliver(delta, { to: ['127.0.0.1', port], insecure: true });
  await restoring;
  expect(result).toMatchObject({ target: TARGET, guid: 22n });
  expect(readFileSync(join(zfs.directory, 'received'), 'utf8')).toBe(STREAM);
});

test('one receiver takes transfer after transfer on the same port', async () => {
  await using receiver = new Receiver(listening());
  const taking = (async () => [await collect(receiver, invert), await collect(receiver, invert)])();
  for (let transfer = 0; transfer < 2; transfer += 1) {
    await deliver(new Delta(FROM, TO), { to: ['127.0.0.1', port], onSend: invert });
  }
  for (const chunks of await taking) expect(Buffer.concat(chunks).toString()).toBe(STREAM);
});

test('a failing zfs receive fails the loop and the sender', async () => {
  zfs.dataset(TARGET, {}).snapshots(TARGET, { mon: [11n, 5] });
  zfs.on(['receive', '-u', '-o', 'readonly=on', TARGET], {
    script: `head -c 1000 >/dev/null; echo "cannot receive incremental stream: destination ${TARGET} has been modified
since most recent snapshot" >&2; exit 1`,
  });
  await using reader = new DeltaReader(TARGET);
  await using receiver = new Receiver(listening({ insecure: true, confirm: () => reader.finish() }));
  const restoring = (async () => {
    for await (const chunk of receiver) await reader.restore(chunk);
  })();
  await using delta = new Delta(FROM, TO);
  const [sent, restored] = await Promise.allSettled([
    deliver(delta, { to: ['127.0.0.1', port], insecure: true }),
    restoring,
  ]);
  expect(restored).toMatchObject({ status: 'rejected', reason: { code: 'ZFS_DESTINATION_MODIFIED' } });
  expect(sent.status).toBe('rejected');
});

test('who leaves the loop ends the transfer on both sides', async () => {
  zfs.on(['send', ...RANGE], { script: 'exec yes' });
  await using receiver = new Receiver(listening({ insecure: true }));
  const taking = (async () => {
    for await (const chunk of receiver) if (chunk.length > 0) break;
  })();
  await using delta = new Delta(FROM, TO);
  await expect(deliver(delta, { to: ['127.0.0.1', port], insecure: true })).rejects.toMatchObject({
    name: 'ZwireError',
  });
  await taking;
});

test("what onSend throws is the sender's failure, and the loop throws", async () => {
  await using receiver = new Receiver(listening());
  const taking = collect(receiver, (chunk) => chunk);
  await using delta = new Delta(FROM, TO);
  const onSend = (): never => {
    throw new RangeError('no key');
  };
  const [sent, taken] = await Promise.allSettled([
    deliver(delta, { to: ['127.0.0.1', port], onSend }),
    taking,
  ]);
  expect(sent).toMatchObject({
    status: 'rejected',
    reason: { code: 'SOURCE_FAILED', message: 'onSend failed: no key' },
  });
  expect(taken.status).toBe('rejected');
});

test('datasets need insecure on both sides', async () => {
  await using delta = new Delta(FROM, TO);
  await expect(deliver(delta, { to: '127.0.0.1' })).rejects.toMatchObject({ code: 'INSECURE_REQUIRED' });
  await using receiver = new Receiver(listening());
  const [sent, taken] = await Promise.allSettled([
    deliver(delta, { to: ['127.0.0.1', port], insecure: true }),
    collect(receiver, (chunk) => chunk),
  ]);
  expect(sent).toMatchObject({ status: 'rejected', reason: { code: 'REFUSED' } });
  expect(taken).toMatchObject({ status: 'rejected', reason: { code: 'INSECURE_REQUIRED' } });
});

test('with keys a dataset travels without insecure, time and again with the same keys', async () => {
  const pair = (): { secret: Uint8Array; open: Uint8Array } => {
    const { privateKey, publicKey } = generateKeyPairSync('x25519');
    const last32 = (key: KeyObject, type: 'pkcs8' | 'spki'): Uint8Array =>
      Uint8Array.from(key.export({ format: 'der', type }).subarray(-32));
    return { secret: last32(privateKey, 'pkcs8'), open: last32(publicKey, 'spki') };
  };
  const [sender, taker] = [pair(), pair()];
  const authorized = [{ publicKey: sender.open, name: 'test', rules: { rawOnly: false } }];
  const stateDirectory = zfs.directory;
  await using receiver = new Receiver(
    listening({ keys: { identity: taker.secret, authorized, stateDirectory } }),
  );
  const taking = (async () => [
    await collect(receiver, (chunk) => chunk),
    await collect(receiver, (chunk) => chunk),
  ])();
  const keys = { identity: sender.secret, receiverKey: taker.open, cipher: 'aes-256-gcm' } as const;
  for (let transfer = 0; transfer < 2; transfer += 1)
    await deliver(new Delta(FROM, TO), { to: ['127.0.0.1', port], keys });
  for (const chunks of await taking) expect(Buffer.concat(chunks).toString()).toBe(STREAM);
});

test('a delta is iterated too; disposing of it, or leaving, ends zfs send', async () => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of new Delta(FROM, TO)) chunks.push(chunk);
  expect(Buffer.concat(chunks).toString()).toBe(STREAM);
  zfs.on(['send', ...RANGE], { script: 'echo $$ >"$dir/pid"; exec yes' });
  for await (const _ of new Delta(FROM, TO)) break;
  expect(() => process.kill(Number(readFileSync(join(zfs.directory, 'pid'), 'utf8')), 0)).toThrow(/ESRCH/);
  const endless = new Delta(FROM, TO);
  const reading = async (): Promise<void> => {
    for await (const chunk of endless) if (chunk.length > 0) await endless[Symbol.asyncDispose]();
  };
  await expect(reading()).rejects.toMatchObject({ code: 'INTERRUPTED' });
  zfs.on(['send', ...RANGE], { stderr: `warning: cannot send '${TO}': out of luck\n`, exitCode: 1 });
  const failing = async (): Promise<void> => {
    for await (const _ of new Delta(FROM, TO)) continue;
  };
  await expect(failing()).rejects.toMatchObject({ code: 'ZFS_UNKNOWN' });
});

test('a DeltaReader that is given up leaves nothing running, and one that got nothing says so', async () => {
  zfs.dataset(TARGET).dataset('backup', {});
  zfs.on(['receive', '-u', '-o', 'readonly=on', '-o', 'volmode=dev', '-x', 'mountpoint', TARGET], {
    script: 'echo $$ >"$dir/pid"; exec cat >/dev/null',
  });
  const columns = 'name,type,guid,createtxg,receive_resume_token';
  zfs.on(['list', '-Hp', '-r', '-t', 'filesystem,volume', '-o', columns, TARGET], missing(TARGET));
  const pidFile = join(zfs.directory, 'pid');
  {
    await using reader = new DeltaReader(TARGET);
    await reader.restore(Buffer.from('half a stream'));
    // Not before it runs, or there would be nothing to end.
    await expect
      .poll(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8'), { timeout: 20_000 })
      .toMatch(/\n/);
  }
  expect(() => process.kill(Number(readFileSync(pidFile, 'utf8')), 0)).toThrow(/ESRCH/);
  await expect(new DeltaReader(TARGET).finish()).rejects.toMatchObject({ code: 'SOURCE_FAILED' });
  zfs.dataset('backup');
  await expect(new DeltaReader(TARGET).restore(Buffer.from('x'))).rejects.toMatchObject({
    code: 'ZFS_PARENT_MISSING',
  });
});

test('a zfs receive that takes the whole stream and then fails, fails finish()', async () => {
  zfs.dataset(TARGET, {}).snapshots(TARGET, { mon: [11n, 5] });
  zfs.on(['receive', '-u', '-o', 'readonly=on', TARGET], {
    script: 'cat >/dev/null; echo "cannot receive incremental stream: I/O error" >&2; exit 1',
  });
  await using reader = new DeltaReader(TARGET);
  await reader.restore(Buffer.from('a whole stream'));
  await expect(reader.finish()).rejects.toMatchObject({ code: expect.stringMatching(/^ZFS_/) });
});

test('a delta with all volumes below, with the snapshots between, raw, or from a bookmark, is sent as such', async () => {
  zfs.tree('tank/my data', { 'tank/my data': {} });
  zfs.on(['list', '-Hp', '-t', 'snapshot', '-o', 'name,guid,createtxg', TO], { stdout: `${TO}\t22\t6\n` });
  zfs.on(['send', '-L', '-c', '-R', '-I', FROM, TO], { script: 'printf tree; exit 0' });
  zfs.on(['send', '-L', '-c', '-I', FROM, TO], { script: 'printf between; exit 0' });
  zfs.on(['send', '-L', '-c', '-w', '-i', FROM, TO], { script: 'printf raw; exit 0' });
  const streamOf = async (options: DeltaOptions): Promise<string> => {
    let text = '';
    for await (const chunk of new Delta(FROM, TO, options)) text += Buffer.from(chunk).toString();
    return text;
  };
  expect(await streamOf({ recursive: true, intermediates: true })).toBe('tree');
  expect(await streamOf({ intermediates: true })).toBe('between');
  expect(await streamOf({ raw: true })).toBe('raw');
  zfs.on(['list', '-Hp', '-d', '1', '-t', 'bookmark', '-o', 'name,guid,createtxg', 'tank/my data'], {
    stdout: 'tank/my data#mark\t11\t5\n',
  });
  zfs.on(['send', '-L', '-c', '-i', 'tank/my data#mark', TO], { script: 'printf marked; exit 0' });
  let marked = '';
  for await (const chunk of new Delta('tank/my data#mark', TO)) marked += Buffer.from(chunk).toString();
  expect(marked).toBe('marked');
  const announced = new Delta(FROM, TO, { recursive: true }).source();
  expect(await announced.describe(new AbortController().signal)).toMatchObject({
    recursive: true,
    kind: 'delta',
  });
});

test('a DeltaReader of a whole tree keeps what is new below from being mounted, and leaves the rest alone', async () => {
  zfs.dataset(TARGET, {}).snapshots(TARGET, { mon: [11n, 5], tue: [22n, 9] });
  zfs.tree(TARGET, { [TARGET]: {}, [`${TARGET}/old`]: {} });
  const kept = [
    'mountpoint',
    'sharenfs',
    'sharesmb',
    'reservation',
    'refreservation',
    'volmode',
    'setuid',
    'devices',
  ];
  const args = ['receive', '-u', '-o', 'readonly=on', ...kept.flatMap((name) => ['-x', name]), TARGET];
  zfs.on(args, { script: 'cat >/dev/null; exit 0' });
  zfs.on(['set', 'canmount=noauto', `${TARGET}/new`], {});
  const reader = new DeltaReader(TARGET, { recursive: true });
  await reader.restore(Buffer.from('tree'));
  zfs.tree(TARGET, { [TARGET]: {}, [`${TARGET}/old`]: {}, [`${TARGET}/new`]: {} });
  expect(await reader.finish()).toEqual({ target: TARGET, guid: 22n });
  expect(zfs.calls().filter((call) => call.startsWith('set'))).toEqual([`set canmount=noauto ${TARGET}/new`]);
});
