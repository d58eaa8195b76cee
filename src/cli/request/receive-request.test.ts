import { describe, expect, it } from 'vitest';
import { scanFlags } from '../../../test/cli/scan-flags.ts';
import { receiveCommand } from '../commands/receive-command.ts';
import { type ReceiveFlags, type ReceiveRequest, receiveRequest } from './receive-request.ts';

async function requestOf(line: string): Promise<ReceiveRequest> {
  const { flags, stderr } = await scanFlags<ReceiveFlags>(receiveCommand, line);
  expect(stderr).toBe('');
  if (flags === undefined) throw new Error('the command line was refused');
  return receiveRequest(flags);
}

async function refusalOf(line: string): Promise<unknown> {
  return requestOf(line).then(
    () => expect.unreachable(`taken: ${line}`),
    (error: unknown) => error,
  );
}

describe('receiveRequest', () => {
  it.each<[string, Partial<Record<keyof ReceiveRequest, unknown>>]>([
    [
      '--file out.img',
      {
        target: { kind: 'file', path: 'out.img' },
        link: { kind: 'udp', host: '0.0.0.0', port: 1337 },
        once: false,
        maxTransfers: 8,
        poolBytes: 128 * 1024 ** 2,
        timeoutMs: 30_000,
      },
    ],
    ['--file - ', { target: { kind: 'file', path: '-' }, once: true, maxTransfers: 1 }],
    ['--file - --max-transfers 4', { maxTransfers: 1 }],
    ['--into backup/tank --insecure', { target: { kind: 'into', dataset: 'backup/tank' }, insecure: true }],
    ['--file f --listen 198.18.0.2:99', { link: { kind: 'udp', host: '198.18.0.2', port: 99 } }],
    ['--file f --interface vzb --port 99', { link: { kind: 'raw', interface: 'vzb', port: 99 } }],
    [
      '--file f --interface vzb --source-ip 198.18.0.2 --source-mac 02:00:00:00:00:01',
      {
        link: expect.objectContaining({
          sourceIp: 0xc6120002,
          sourceMac: new Uint8Array([2, 0, 0, 0, 0, 1]),
        }),
      },
    ],
    [
      '--file f --once --max-transfers 2 --pool-memory 1G --timeout 5',
      { once: true, maxTransfers: 2, poolBytes: 1024 ** 3, timeoutMs: 5000 },
    ],
    ['--file f --wire v0', { wire: 'v0' }],
    ['--into tank', { keys: {}, insecure: false }],
    [
      '--into tank --identity me --authorized-senders them --psk-file both --state-dir here',
      {
        keys: {
          identityPath: 'me',
          authorizedSendersPath: 'them',
          pskPath: 'both',
          stateDirectory: 'here',
        },
      },
    ],
  ])('%s', async (line, part) => {
    expect(await requestOf(line)).toMatchObject(part);
  });

  it.each([
    ['--once', 'USAGE', '--file PATH'],
    ['--file f --into tank', 'USAGE', 'Give one'],
    ['--file f --listen 198.18.0.2 --interface vzb', 'USAGE', '--listen'],
    ['--file f --source-ip 198.18.0.2', 'USAGE', '--interface'],
    ['--file f --listen 198.18.0.2:99 --port 98', 'USAGE', '--port'],
    ['--into tank --wire v0', 'INSECURE_REQUIRED', 'can read the dataset'],
    ['--into tank --insecure --authorized-senders a', 'USAGE', 'needs no --insecure'],
    ['--file f --wire v0 --psk-file k', 'USAGE', 'Leave one'],
  ])('%s is refused', async (line, code, hint) => {
    expect(await refusalOf(line)).toMatchObject({ code, hint: expect.stringContaining(hint) });
  });

  it.each([
    ['--pool-memory', '1MB', '128M'],
    ['--max-transfers', '0', '8'],
    ['--listen', 'host-b', '198.18.0.2'],
    ['--into', 'tank@x', 'pool/dataset'],
  ])('%s %s names the flag and gives an example', async (flag, value, example) => {
    const { flags, stderr } = await scanFlags(receiveCommand, `--file f ${flag} ${value}`);
    expect(flags).toBeUndefined();
    expect(stderr.split('\n')[0]).toContain(`zwire: ${flag}: "${value}" is not`);
    expect(stderr.split('\n')[1]).toContain(example);
  });
});
