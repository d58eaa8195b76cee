import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fakeContext } from '../../../test/cli/fake-context.ts';
import { FakeZfs } from '../../../test/fake-zfs.ts';
import { closeDescriptor } from '../../sys/descriptor.ts';
import type { Credentials } from '../../sys/privilege.ts';
import { localName, openUdpSocket } from '../../sys/udp-socket.ts';
import { ZFS_PERMISSIONS } from '../../zfs/delegation.ts';
import { parseDatasetName } from '../../zfs/name.ts';
import { doctor } from '../commands/doctor.ts';
import type { DoctorFlags } from '../commands/doctor-command.ts';
import {
  checkDelegation,
  checkInterface,
  checkKeyList,
  checkPort,
  checkSecret,
  checkZfs,
} from './host-checks.ts';
import {
  checkKernel,
  checkMemory,
  checkNode,
  checkPrivileges,
  checkSealing,
  checkUdpBuffer,
} from './system-checks.ts';

const signal = new AbortController().signal;

test.each([
  ['v20.18.3', 'missing'],
  ['v18.20.0', 'missing'],
  ['v20.19.0', 'ok'],
  ['v26.1.0', 'ok'],
])('Node.js %s is %s', (version, state) => {
  expect(checkNode(version).state).toBe(state);
});

test.each([
  ['5.15.0-91-generic', 'note'],
  ['6.1.0-18-amd64', 'note'],
  ['6.2.0', 'ok'],
  ['6.12.3-cloud', 'ok'],
  ['10.0.1', 'ok'],
])('Linux %s is %s', (release, state) => {
  expect(checkKernel(release, true).state).toBe(state);
});

test('what seals is named, and what could seal faster', () => {
  const library = 'libIPSec_MB.so.2, vaes_avx2';
  expect(checkSealing(library, ['vaes_avx2'], '3.0.19')).toEqual({
    check: 'sealing',
    state: 'ok',
    text: `AES-256-GCM by ${library}`,
  });
  expect(checkSealing(undefined, [], '3.0.19')).toMatchObject({ state: 'ok', text: /OpenSSL 3\.0\.19/ });
  expect(checkSealing(undefined, ['vaes_avx2'], '3.0.19')).toMatchObject({
    state: 'note',
    remedy: /libipsec-mb2/,
  });
});

const user = (uid: number, ...capabilities: string[]): Credentials => ({
  uids: [uid, uid, uid, uid],
  gids: [uid],
  groups: [],
  capabilities,
  reserve: capabilities,
});

test.each<[string, Credentials, boolean, string[]]>([
  ['a user without capabilities, UDP', user(1000), false, ['privileges ok']],
  ['a user without capabilities, raw', user(1000), true, ['cap_net_raw missing', 'privileges ok']],
  [
    'a user with the one that is needed',
    user(1000, 'CAP_NET_RAW'),
    true,
    ['cap_net_raw ok', 'privileges ok'],
  ],
  [
    'a user with one too many',
    user(1000, 'CAP_NET_RAW', 'CAP_SYS_ADMIN'),
    true,
    ['cap_net_raw ok', 'privileges excess'],
  ],
  ['CAP_NET_RAW that nobody needs', user(1000, 'CAP_NET_RAW'), false, ['privileges excess']],
  ['root', user(0, 'CAP_NET_RAW', 'CAP_SYS_ADMIN'), true, ['cap_net_raw ok', 'root excess']],
  ['root in a container without it', user(0), true, ['cap_net_raw missing', 'root excess']],
])('%s', (_, now, raw, expected) => {
  const findings = checkPrivileges(now, { raw, zfs: false });
  expect(findings.map(({ check, state }) => `${check} ${state}`)).toEqual(expected);
});

test('what root holds says nothing of the user that root asks for', () => {
  const ask = (raw: boolean, name: string): string[] =>
    checkPrivileges(user(0, 'CAP_NET_RAW', 'CAP_SYS_ADMIN'), { raw, zfs: true, user: name }).map(
      ({ check, state }) => `${check} ${state}`,
    );
  expect(ask(true, 'zwire')).toEqual(['privileges note']);
  expect(ask(false, 'zwire')).toEqual(['privileges ok']);
  expect(ask(true, 'root')).toEqual(['cap_net_raw ok', 'root excess']);
});

test('memory and socket buffers are compared with what a receiver takes', () => {
  const memory = (kib: number): string => `MemTotal: 9 kB\nMemAvailable:   ${kib} kB\n`;
  expect(checkMemory(memory(1 << 20), 128 << 20).state).toBe('ok');
  expect(checkMemory(memory(128 << 10), 128 << 20).state).toBe('missing');
  expect(checkMemory('', 1).state).toBe('note');
  expect(checkUdpBuffer('212992\n').state).toBe('note');
  expect(checkUdpBuffer('16777216\n').state).toBe('ok');
  // In a network namespace of an older kernel.
  expect(checkUdpBuffer(undefined).state).toBe('note');
});

test('a port that is held, and an interface that is not there, are missing', () => {
  const fd = openUdpSocket(0x7f00_0001, 0);
  try {
    const { port } = localName(fd);
    expect(checkPort(port, '127.0.0.1')).toMatchObject({ state: 'missing', remedy: /ss -ulpn/ });
    closeDescriptor(fd);
    expect(checkPort(port, '127.0.0.1').state).toBe('ok');
  } catch (error) {
    closeDescriptor(fd);
    throw error;
  }
  expect(checkInterface('no-such-if')).toMatchObject([{ check: 'interface', state: 'missing' }]);
});

test('the lines of zfs allow that are missing can be pasted', async () => {
  using zfs = new FakeZfs();
  const backup = parseDatasetName('backup/my data');
  zfs.on(['allow', backup], {
    stdout:
      '---- Permissions on backup/my data ------\nLocal+Descendent permissions:\n\tuser zwire create,mount,receive\n',
  });
  const finding = await checkDelegation('receive', backup, 'zwire', signal);
  expect(finding.state).toBe('missing');
  expect(finding.remedy).toMatch(/^As root: zfs allow zwire receive,create,.*volmode.* 'backup\/my data'$/);
  zfs.on(['allow', backup], {
    stdout: `---- Permissions on backup/my data ------\nLocal+Descendent permissions:\n\tuser zwire ${ZFS_PERMISSIONS.receive.join(',')}\n`,
  });
  expect((await checkDelegation('receive', backup, 'zwire', signal)).state).toBe('ok');
  expect((await checkDelegation('receive', backup, 'root', signal)).state).toBe('ok');
});

test('a host without zfs lacks it', async () => {
  using zfs = new FakeZfs();
  const path = process.env['PATH'];
  process.env['PATH'] = join(zfs.directory, 'nowhere');
  try {
    expect(await checkZfs()).toMatchObject({ check: 'zfs', state: 'missing' });
  } finally {
    process.env['PATH'] = path;
  }
});

test('files with keys are looked at as the commands will', () => {
  const directory = mkdtempSync(join(tmpdir(), 'zwire-doctor-'));
  const path = join(directory, 'host_key');
  try {
    expect(checkSecret('host_key', path).state).toBe('note');
    writeFileSync(path, 'secret', { mode: 0o600 });
    expect(checkSecret('host_key', path).state).toBe('ok');
    chmodSync(path, 0o640);
    expect(checkSecret('host_key', path)).toMatchObject({ state: 'excess', remedy: /chmod 600/ });
    expect(checkKeyList('known_receivers', path).state).toBe('ok');
    chmodSync(path, 0o666);
    expect(checkKeyList('known_receivers', path).state).toBe('excess');
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test.runIf(process.geteuid?.() === 0)('a secret may belong to whom the work will be done as', () => {
  const directory = mkdtempSync(join(tmpdir(), 'zwire-doctor-'));
  const path = join(directory, 'host_key');
  try {
    writeFileSync(path, 'secret', { mode: 0o600 });
    chownSync(path, 4321, 4321);
    expect(checkSecret('host_key', path, 4321).state).toBe('ok');
    expect(checkSecret('host_key', path, 4322).state).toBe('excess');
    expect(checkSecret('host_key', path).state).toBe('excess');
  } finally {
    rmSync(directory, { recursive: true });
  }
});

async function run(flags: DoctorFlags): Promise<{ code: unknown; text: string }> {
  const context = fakeContext({ env: { HOME: '/nonexistent' } });
  await doctor(context, flags);
  return { code: context.process.exitCode, text: context.process.stdout.text };
}

test('the exit code says whether anything is missing', async () => {
  using zfs = new FakeZfs();
  zfs.on(['version'], { stdout: 'zfs-2.2.7-1\nzfs-kmod-2.2.7-1\n' });
  const { code, text } = await run({ json: true, role: 'send' });
  const { ready, findings } = JSON.parse(text);
  expect(findings).toContainEqual({ check: 'zfs', state: 'ok', text: expect.stringContaining('2.2.7') });
  expect({ ready, code }).toEqual({ ready: true, code: 0 });

  const list = await run({ role: 'receive', authorizedSenders: '/no/such/list' });
  expect(list.text).toMatch(/^note {5}there is no \/no\/such\/list$/m);
  const stranger = await run({ role: 'receive', user: 'no-such-user' });
  expect(stranger.code).toBe(5);
  expect(stranger.text).toMatch(/^missing {2}there is no user "no-such-user" on this system$/m);

  const broken = await run({ role: 'send', interface: 'no-such-if' });
  expect(broken.code).toBe(5);
  expect(broken.text).toMatch(/^missing {2}there is no network interface named "no-such-if"$/m);
  expect(broken.text).toMatch(/^ {9}This host has: /m);
});
