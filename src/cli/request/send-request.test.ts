import { describe, expect, it } from 'vitest';
import { scanFlags } from '../../../test/cli/scan-flags.ts';
import { parseBookmarkName, parseSnapshotName, type SnapshotName } from '../../zfs/name.ts';
import { sendCommand } from '../commands/send-command.ts';
import { type SendFlags, type SendRequest, sendRequest } from './send-request.ts';

async function requestOf(line: string): Promise<SendRequest> {
  const { flags, positional, stderr } = await scanFlags<SendFlags, [SnapshotName?]>(sendCommand, line);
  expect(stderr).toBe('');
  if (flags === undefined) throw new Error('the command line was refused');
  return sendRequest(flags, positional?.[0]);
}

async function refusalOf(line: string): Promise<unknown> {
  return requestOf(line).then(
    () => expect.unreachable(`taken: ${line}`),
    (error: unknown) => error,
  );
}

const UDP = '--to 198.18.0.2';
const RAW = '--interface eth1 --destination-ip 198.18.0.2';

describe('what is sent', () => {
  it.each<[string, SendRequest['source']]>([
    [`--file x.img ${UDP}`, { kind: 'file', path: 'x.img' }],
    [`--file - ${UDP}`, { kind: 'file', path: '-' }],
    [
      `tank/data@monday ${UDP} --insecure`,
      {
        kind: 'snapshot',
        snapshot: parseSnapshotName('tank/data@monday'),
        recursive: false,
        intermediates: false,
      },
    ],
    [
      `tank@nightly -R ${RAW} --insecure`,
      {
        kind: 'snapshot',
        snapshot: parseSnapshotName('tank@nightly'),
        recursive: true,
        intermediates: false,
      },
    ],
    [
      `tank/data@tuesday --from @monday --intermediates ${RAW} --insecure`,
      {
        kind: 'snapshot',
        snapshot: parseSnapshotName('tank/data@tuesday'),
        from: parseSnapshotName('tank/data@monday'),
        recursive: false,
        intermediates: true,
      },
    ],
    [
      `tank/data@tuesday --from tank/data@monday --recursive ${UDP} --insecure`,
      {
        kind: 'snapshot',
        snapshot: parseSnapshotName('tank/data@tuesday'),
        from: parseSnapshotName('tank/data@monday'),
        recursive: true,
        intermediates: false,
      },
    ],
    ...['#mark', 'tank/data#mark'].map((from): [string, SendRequest['source']] => [
      `tank/data@tuesday --from ${from} ${UDP} --insecure`,
      {
        kind: 'snapshot',
        snapshot: parseSnapshotName('tank/data@tuesday'),
        from: parseBookmarkName('tank/data#mark'),
        recursive: false,
        intermediates: false,
      },
    ]),
    [
      `tank/vault@monday --raw ${UDP} --insecure`,
      {
        kind: 'snapshot',
        snapshot: parseSnapshotName('tank/vault@monday'),
        recursive: false,
        intermediates: false,
        raw: true,
      },
    ],
  ])('%s', async (line, source) => {
    expect((await requestOf(line)).source).toEqual(source);
  });
});

describe('where to and how', () => {
  it.each<[string, Partial<Record<keyof SendRequest, unknown>>]>([
    [
      UDP,
      { link: { kind: 'udp', host: '198.18.0.2', port: 1337 }, timeoutMs: 30_000, oneWay: false, wire: 'v1' },
    ],
    ['--to host-b:99', { link: { kind: 'udp', host: 'host-b', port: 99 } }],
    ['--to host-b --port 99', { link: { kind: 'udp', host: 'host-b', port: 99 } }],
    [
      '--to host-b:99 --udp-port 99 --no-gso',
      { link: { kind: 'udp', host: 'host-b', port: 99, gso: 'off' } },
    ],
    [RAW, { link: { kind: 'raw', interface: 'eth1', destinationIp: 0xc6120002, port: 1337 } }],
    [`${RAW} --framesize 1500`, { link: expect.objectContaining({ frameBytes: 1500 }) }],
    [`${UDP} --rate 125MB --timeout 2m`, { rateBitsPerSecond: 1e9, timeoutMs: 120_000 }],
    [`${UDP} --one-way --rate 1Gbit`, { oneWay: true, rateBitsPerSecond: 1e9 }],
    [`${UDP} --one-way`, { oneWay: true }],
    [`${UDP} --one-way --wire v0`, { oneWay: true, wire: 'v0' }],
  ])('%s', async (line, part) => {
    expect(await requestOf(`--file f ${line}`)).toMatchObject(part);
  });
});

describe('what is refused', () => {
  it.each([
    [UDP, 'USAGE', '--file PATH'],
    ['--file f', 'USAGE', '--to HOST'],
    [`--file f ${UDP} --interface eth1`, 'USAGE', '--destination-ip'],
    ['--file f --interface eth1', 'USAGE', '--destination-ip'],
    [`--file f ${UDP} --destination-mac 02:00:00:00:00:01`, 'USAGE', '--interface'],
    [`--file f ${UDP} --source-ip 198.18.0.1`, 'USAGE', '--interface'],
    ['--file f --to host-b:99 --port 98', 'USAGE', '--port'],
    [`--file f --from @a ${UDP}`, 'USAGE', 'tank/data@monday'],
    [`--file f -R ${UDP}`, 'USAGE', 'tank/data@monday'],
    [`tank@a --file f ${UDP}`, 'USAGE', 'one of them'],
    [`tank@a --intermediates ${UDP} --insecure`, 'USAGE', '--from @monday'],
    [`--file x.img --raw ${UDP}`, 'USAGE', 'tank/data@monday'],
    [`tank@a --from @a ${UDP} --insecure`, 'USAGE', 'earlier'],
    [`tank@a ${UDP} --wire v0`, 'INSECURE_REQUIRED', 'nobody is\nkept out'],
    [`tank@a ${UDP} --insecure --receiver-key k`, 'USAGE', 'needs no --insecure'],
    [`--file f ${UDP} --wire v0 --psk-file k`, 'USAGE', 'Leave one'],
    [`--file f ${UDP} --insecure --identity k`, 'USAGE', 'Leave one'],
    [`--file f ${UDP} --wire v0 --key-log k`, 'USAGE', 'Leave it out'],
    [`tank@a --from #m --intermediates ${UDP} --insecure`, 'USAGE', 'Leave --intermediates out'],
    [`tank@a --from tank#m -R ${UDP} --insecure`, 'USAGE', 'Leave --recursive out'],
    [`tank@a --from # ${UDP} --insecure`, 'NAME_INVALID', 'pool/dataset#bookmark'],
    [`tank@a --from @x#y ${UDP} --insecure`, 'NAME_INVALID', 'pool/dataset@snapshot'],
    [`tank@b --from @ ${UDP} --insecure`, 'NAME_INVALID', 'pool/dataset@snapshot'],
  ])('%s', async (line, code, hint) => {
    expect(await refusalOf(line)).toMatchObject({ code, hint: expect.stringContaining(hint) });
  });
});

describe('keys', () => {
  it('are looked for unless --insecure or v0 says that there are none', async () => {
    expect(await requestOf(`tank@a ${UDP}`)).toMatchObject({ keys: {} });
    for (const flag of ['--insecure', '--wire v0'])
      expect(await requestOf(`--file f ${UDP} ${flag}`)).not.toHaveProperty('keys');
  });

  it('are named by flags', async () => {
    const flags = '--identity me --receiver-key you --psk-file both --cipher chacha20';
    expect(await requestOf(`tank@a ${UDP} ${flags}`)).toMatchObject({
      keys: { identityPath: 'me', receiverKey: 'you', pskPath: 'both', cipher: 'chacha20-poly1305' },
    });
  });
});

describe('malformed values name the flag, the value and an example', () => {
  it.each([
    ['--rate', '5G', '5Gbit'],
    ['--rate-limit', 'fast', '0.001'],
    ['--timeout', 'soon', '30'],
    ['--port', '70000', '1337'],
    ['--udp-port', '0', '1337'],
    ['--framesize', '9k', '9000'],
    ['--to', '::1', '198.18.0.2'],
    ['--destination-ip', '198.18.0', '198.18.0.2'],
    ['--source-ip', 'here', '198.18.0.2'],
    ['--destination-mac', '02:00', '02:00:00:00:00:01'],
    ['--source-mac', 'x', '02:00:00:00:00:01'],
    ['--interface', 'a/b', 'eth0'],
    ['--wire', 'v2', 'v1 or v0'],
    ['--locale', 'e', 'en_US.UTF-8'],
    ['--verbosity-level', 'loud', 'debug'],
  ])('%s %s', async (flag, value, example) => {
    const { flags, stderr } = await scanFlags(sendCommand, `--file f ${flag} ${value}`);
    expect(flags).toBeUndefined();
    expect(stderr).toMatch(/^zwire: /);
    expect(stderr.split('\n')[0]).toContain(flag);
    expect(stderr.split('\n')[0]).toContain(`"${value}"`);
    expect(stderr.split('\n')[1]).toContain(example);
  });

  it.each(['tank/data', 'tank@', '@x', 'a b@c'])('the snapshot %s', async (name) => {
    const { flags, stderr } = await scanFlags(sendCommand, `${UDP} ${name.replace(' ', '~')}`);
    expect(flags).toBeUndefined();
    expect(stderr).toMatch(/^zwire: DATASET@SNAPSHOT: ".*" is .*\(NAME_INVALID\)\n {2}\S/);
  });
});
