// ssh with aes256-gcm: an sshd of our own in side b, with throw-away keys, on a high port. The connection stands
// before the clock starts (a control master); CPU and memory are those of the two processes that do the work.
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import type { Lab } from '../test/netns/lab.ts';
import { type Contender, type MtuBytes, timedSample, type Sample, type Workload } from './contender.ts';
import { absent, findProgram } from './find-program.ts';
import { Metered, monotonicMs, tcpListener } from './metered.ts';

const CIPHER = 'aes256-gcm@openssh.com';
const SSH_PORT = 5222;
const B = '198.18.0.2';

export function sshContender(mtuBytes: MtuBytes): Contender {
  const root = process.getuid?.() === 0;
  return {
    id: `ssh-${mtuBytes}`,
    title: 'ssh aes256-gcm',
    mtuBytes,
    feed: 'file',
    commands: [`ssh -c ${CIPHER} ${B} 'cat >/dev/null' <FILE`, `sshd -D -p ${SSH_PORT}`],
    ...(root ? absent('sshd') : { missing: 'an sshd in a user namespace cannot change its user' }),
    run: runSsh,
  };
}

async function runSsh(lab: Lab, workload: Workload): Promise<Sample> {
  const { serverConfig, clientConfig, control } = await writeConfiguration(lab, workload.scratch);
  const sshd = findProgram('sshd');
  if (sshd === undefined) throw new Error('sshd is not installed');
  const server = new Metered(lab.b, workload.scratch, [sshd, '-D', '-e', '-f', serverConfig]);
  await tcpListener(lab.b, SSH_PORT);
  const ssh = ['ssh', '-F', clientConfig, '-S', control];
  const master = new Metered(lab.a, workload.scratch, [...ssh, '-M', '-N', B]);
  await connected(lab, [...ssh, '-O', 'check', B]);
  const source = openSync(workload.path, 'r');
  const startedMs = monotonicMs();
  const session = lab.a.start([...ssh, B, 'cat >/dev/null'], { stdin: source });
  closeSync(source);
  const { code } = await session.exit;
  const endedMs = monotonicMs();
  await lab.a.run([...ssh, '-O', 'exit', B]).catch(() => '');
  const sent = await master.end([0, 255]);
  server.program.signal('SIGTERM');
  const received = await server.end([0, 143, 255]);
  if (code !== 0) throw new Error(`ssh: exit ${code}: ${session.describe()}`);
  return timedSample(workload.bytes, startedMs, endedMs, sent, received);
}

/** Resolves when the master connection stands. */
async function connected(lab: Lab, check: readonly string[]): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const probe = lab.a.start(check);
    if ((await probe.exit).code === 0) return;
  }
  throw new Error('the ssh master connection does not come up');
}

async function writeConfiguration(
  lab: Lab,
  scratch: string,
): Promise<{ serverConfig: string; clientConfig: string; control: string }> {
  const directory = `${scratch}/ssh-${lab.b.holderPid}`;
  const paths = {
    serverConfig: `${directory}/sshd`,
    clientConfig: `${directory}/ssh`,
    control: `${directory}/control`,
  };
  if (mkdirSync(directory, { recursive: true, mode: 0o700 }) === undefined) return paths;
  for (const name of ['host', 'user'])
    await lab.b.run([
      'ssh-keygen',
      '-q',
      '-t',
      'ed25519',
      '-N',
      '',
      '-C',
      'bench',
      '-f',
      `${directory}/${name}`,
    ]);
  await lab.b.run([
    'sh',
    '-c',
    `cp ${directory}/user.pub ${directory}/authorized && mount -t tmpfs none /run && mkdir /run/sshd`,
  ]);
  writeFileSync(
    paths.serverConfig,
    [
      `Port ${SSH_PORT}`,
      `ListenAddress ${B}`,
      `HostKey ${directory}/host`,
      `AuthorizedKeysFile ${directory}/authorized`,
      `PidFile none`,
      'StrictModes no',
      'UsePAM no',
      'PasswordAuthentication no',
      'PermitRootLogin yes',
      `Ciphers ${CIPHER}`,
      '',
    ].join('\n'),
  );
  writeFileSync(
    paths.clientConfig,
    [
      `Port ${SSH_PORT}`,
      `User ${userInfo().username}`,
      `IdentityFile ${directory}/user`,
      'IdentitiesOnly yes',
      'StrictHostKeyChecking no',
      'UserKnownHostsFile /dev/null',
      'LogLevel ERROR',
      `Ciphers ${CIPHER}`,
      '',
    ].join('\n'),
  );
  return paths;
}
