import { describe, expect, it } from 'vitest';
import { parseMac } from '../../bytes/mac-address.ts';
import { scanFlags } from '../../../test/cli/scan-flags.ts';
import { seedCommand } from '../commands/seed-command.ts';
import { type SeedFlags, type SeedRequest, seedRequest } from './seed-request.ts';
import type { ReceiveRequest } from './receive-request.ts';
import type { SendRequest } from './send-request.ts';

async function requestOf(line: string): Promise<SeedRequest> {
  const { flags, stderr } = await scanFlags<SeedFlags>(seedCommand, line);
  expect(stderr).toBe('');
  if (flags === undefined) throw new Error('the command line was refused');
  return seedRequest(flags);
}

async function sendOf(line: string): Promise<SendRequest> {
  const request = await requestOf(line);
  if (request.kind !== 'send') throw new Error(`it is a request to ${request.kind}`);
  return request.request;
}

async function receiveOf(line: string): Promise<ReceiveRequest> {
  const request = await requestOf(line);
  if (request.kind !== 'receive') throw new Error(`it is a request to ${request.kind}`);
  return request.request;
}

async function refusalOf(line: string): Promise<unknown> {
  return requestOf(line).then(
    () => expect.unreachable(`taken: ${line}`),
    (error: unknown) => error,
  );
}

const ADDRESSES =
  "--destination-ip 192.168.1.2 --destination-mac 'e2:ff:48:6e:a9:fe' " +
  "--source-ip '192.168.1.1' --source-mac '46:dc:e7:58:d0:a2'";
const LINK_IN = {
  kind: 'raw',
  interface: 'testif-in',
  port: 1337,
  destinationIp: 0xc0a80102,
  destinationMac: parseMac('e2:ff:48:6e:a9:fe'),
  sourceIp: 0xc0a80101,
  sourceMac: parseMac('46:dc:e7:58:d0:a2'),
};

describe("every command of the seed's document", () => {
  it('starts a receiver with a file', async () => {
    const request = await receiveOf('--reciever --interface testif-out --dummy-data ./testdata_recv.bin');
    expect(request).toMatchObject({
      target: { kind: 'file', path: './testdata_recv.bin' },
      link: { kind: 'raw', interface: 'testif-out', port: 1337 },
      wire: 'v1',
      once: false,
      insecure: false,
    });
  });

  it('starts a receiver without one, which needs keys or --insecure', async () => {
    expect(await receiveOf('--reciever --interface testif-out')).toMatchObject({ keys: {}, insecure: false });
    const request = await receiveOf('--reciever --interface testif-out --insecure');
    expect(request.target).toEqual({ kind: 'announced-name' });
  });

  it('sends a full dataset from a file', async () => {
    const request = await sendOf(
      `--interface testif-in --full-sync --dummy-data /home/u/testdata.bin --pool testing ${ADDRESSES}`,
    );
    expect(request).toMatchObject({
      source: { kind: 'file', path: '/home/u/testdata.bin', standsFor: { kind: 'pool', name: 'testing' } },
      link: LINK_IN,
      wire: 'v1',
      oneWay: false,
      insecure: false,
    });
  });

  it('sends a full pool, with a snapshot taken for it', async () => {
    const line = `--interface testif-in --full-sync --pool testing ${ADDRESSES}`;
    expect(await sendOf(line)).toMatchObject({ keys: {}, insecure: false });
    expect(await sendOf(`${line} --insecure`)).toMatchObject({
      source: { kind: 'new-snapshot', dataset: 'testing', recursive: true },
      link: LINK_IN,
      insecure: true,
    });
  });

  it('sends a delta from a file, whose snapshots are of two datasets by a slip of the document', async () => {
    const request = await sendOf(
      '--interface testif-in --send-delta --delta-start pool/testync@0 --delta-end pool/testsync@1 ' +
        `--dummy-data /home/u/testdata.bin --pool testing ${ADDRESSES}`,
    );
    expect(request.source).toEqual({
      kind: 'file',
      path: '/home/u/testdata.bin',
      standsFor: { kind: 'delta', name: 'testing' },
    });
  });

  it('sends a delta, announced in the pool that --pool names', async () => {
    const request = await sendOf(
      '--interface testif-in --send-delta --delta-start pool/testsync@0 --delta-end pool/testsync@1 ' +
        `--pool testing ${ADDRESSES} --insecure`,
    );
    expect(request.source).toEqual({
      kind: 'snapshot',
      snapshot: 'pool/testsync@1',
      from: 'pool/testsync@0',
      recursive: false,
      intermediates: false,
      announcedName: 'testing/testsync',
    });
  });

  it('takes a frame size', async () => {
    const request = await receiveOf('--reciever --interface eth0 --framesize 9000 --insecure');
    expect(request.link).toMatchObject({ interface: 'eth0', frameBytes: 9000 });
  });

  it('receives and sends a small file', async () => {
    expect(
      (await receiveOf('--reciever --interface testif-out --dummy-data ./small_recv.img')).target,
    ).toEqual({
      kind: 'file',
      path: './small_recv.img',
    });
    const request = await sendOf(
      `--interface testif-in --full-sync --dummy-data /home/u/snall.img --pool testing ${ADDRESSES}`,
    );
    expect(request.link).toEqual(LINK_IN);
  });
});

describe("the seed's other flags", () => {
  const FILE = '--full-sync --interface a --destination-ip 198.18.0.2 --dummy-data f';

  it.each<[string, Partial<Record<keyof SendRequest, unknown>>]>([
    ['--udp-port 1338', { link: expect.objectContaining({ port: 1338 }) }],
    ['--port 1338', { link: expect.objectContaining({ port: 1338 }) }],
    ['--framesize 1500', { link: expect.objectContaining({ frameBytes: 1500 }) }],
    ['--no-gso', { link: expect.objectContaining({ gso: 'off' }) }],
    ['--rate-limit 0.001', { pauseBetweenFramesMs: 1 }],
    ['--rate 5Gbit', { rateBitsPerSecond: 5e9 }],
    ['--rate 5Gbit --one-way', { oneWay: true }],
    ['--timeout 5', { timeoutMs: 5000 }],
    ['--wire v0', { wire: 'v0' }],
    ['--insecure', { insecure: true }],
    ['--verbosity-level DEBUG', { output: expect.objectContaining({ verbosity: 'debug' }) }],
    [
      '--log-dir /tmp/logs',
      { output: expect.objectContaining({ logDirectory: '/tmp/logs', verbosity: 'info' }) },
    ],
    ['--debug', { output: expect.objectContaining({ debug: true, verbosity: 'debug' }) }],
    ['--json', { output: expect.objectContaining({ json: true }) }],
    ['--quiet', { output: expect.objectContaining({ quiet: true }) }],
    ['--locale en_US.UTF-8', { source: { kind: 'file', path: 'f' } }],
  ])('%s', async (flags, part) => {
    expect(await sendOf(`${FILE} ${flags}`)).toMatchObject(part);
  });

  it('--receiver is --reciever, and takes bounds', async () => {
    expect(
      await receiveOf('--receiver --interface a --dummy-data f --once --max-transfers 2 --pool-memory 64M'),
    ).toMatchObject({ once: true, maxTransfers: 2, poolBytes: 64 * 1024 ** 2 });
  });

  it('--pool and --dataset say where a receiver puts things', async () => {
    const into = async (flags: string): Promise<unknown> =>
      (await receiveOf(`--reciever --interface a --insecure ${flags}`)).target;
    expect(await into('--pool backup')).toEqual({ kind: 'pool', pool: 'backup' });
    expect(await into('--dataset backup/x')).toEqual({ kind: 'dataset', dataset: 'backup/x' });
    expect(await into('--pool backup --dataset backup/x')).toEqual({ kind: 'dataset', dataset: 'backup/x' });
  });

  it('--dataset sends one dataset, --snapshot an existing snapshot', async () => {
    const source = async (flags: string): Promise<unknown> =>
      (await sendOf(`--full-sync --interface a --destination-ip 198.18.0.2 --insecure ${flags}`)).source;
    expect(await source('--dataset tank/data')).toEqual({
      kind: 'new-snapshot',
      dataset: 'tank/data',
      recursive: false,
    });
    const existing = { kind: 'snapshot', intermediates: false };
    for (const name of ['monday', '@monday', 'tank@monday']) {
      expect(await source(`--pool tank --snapshot ${name}`)).toEqual({
        ...existing,
        snapshot: 'tank@monday',
        recursive: true,
      });
    }
    expect(await source('--dataset tank/data --snapshot @monday')).toEqual({
      ...existing,
      snapshot: 'tank/data@monday',
      recursive: false,
    });
    // As in the seed, --snapshot without a name takes one.
    expect(await source('--snapshot --pool tank')).toMatchObject({ kind: 'new-snapshot' });
  });

  it('--snapshot alone takes a snapshot and sends nothing', async () => {
    expect(await requestOf('--snapshot --pool tank')).toMatchObject({
      kind: 'take-snapshot',
      dataset: 'tank',
      recursive: true,
    });
    expect(await requestOf('--dataset tank/data --snapshot')).toMatchObject({
      kind: 'take-snapshot',
      dataset: 'tank/data',
      recursive: false,
    });
  });

  it('--delta-start and --delta-end may leave out what --dataset says', async () => {
    const request = await sendOf(
      '--send-delta --interface a --destination-ip 198.18.0.2 --insecure --dataset tank/d --delta-start @0 --delta-end @1',
    );
    expect(request.source).toEqual({
      kind: 'snapshot',
      snapshot: 'tank/d@1',
      from: 'tank/d@0',
      recursive: false,
      intermediates: false,
    });
  });
});

describe('combinations that make no sense are refused, with what to add', () => {
  const RAW = '--interface a --destination-ip 198.18.0.2';
  it.each([
    ['--interface a', '--reciever'],
    ['--full-sync --pool p', '--interface'],
    ['--reciever --dummy-data f', '--interface'],
    ['--full-sync --interface a --pool p', '--destination-ip'],
    [`--full-sync ${RAW}`, '--pool POOL'],
    [`--full-sync --send-delta ${RAW}`, 'Keep one'],
    ['--reciever --full-sync --interface a', 'Keep one'],
    [`--send-delta ${RAW}`, '--delta-start'],
    [`--send-delta --delta-start t/a@0 ${RAW}`, '--delta-end'],
    [`--send-delta --delta-start t@0 --delta-end t@0 ${RAW} --insecure`, 'earlier'],
    [`--send-delta --delta-start t@0 --delta-end t@1 --dataset u ${RAW}`, '--dataset'],
    [`--send-delta --delta-start t@0 --delta-end t@1 --snapshot x ${RAW}`, '--full-sync'],
    [`--full-sync --pool p --delta-start t@0 ${RAW}`, '--send-delta'],
    [`--full-sync --pool p --dataset q/x ${RAW}`, '--dataset p/q/x'],
    [`--full-sync --pool p --snapshot q@x ${RAW}`, '--dataset q'],
    [`--full-sync --pool p --once ${RAW}`, '--reciever'],
    [`--full-sync --dummy-data f --rate 1Gbit --rate-limit 1 ${RAW}`, '--rate'],
    [`--full-sync --dummy-data f --port 1 --udp-port 2 ${RAW}`, '--port'],
    ['--reciever --interface a --dummy-data f --destination-ip 198.18.0.2', 'sender'],
    ['--reciever --interface a --dummy-data f --rate 1Gbit', 'sender'],
    ['--snapshot', '--pool'],
    ['--snapshot x --pool p', '--full-sync'],
  ])('%s', async (line, hint) => {
    expect(await refusalOf(line)).toMatchObject({ code: 'USAGE', hint: expect.stringContaining(hint) });
  });

  it('names of no snapshot', async () => {
    for (const line of ['--delta-start pool --delta-end pool@1', '--delta-start pool@0 --delta-end p@@1']) {
      expect(await refusalOf(`--send-delta ${line} ${RAW} --insecure`)).toMatchObject({
        code: 'NAME_INVALID',
      });
    }
  });
});
