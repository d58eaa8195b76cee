// What has to be asked of this host: interface, port, zfs and its delegation, files with keys.
import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { formatIpv4, parseIpv4 } from '../../bytes/ipv4-address.ts';
import { ZwireError } from '../../bytes/zwire-error.ts';
import { quoteWord } from '../../exec/process.ts';
import { lookUpUser } from '../../exec/user.ts';
import { closeDescriptor } from '../../sys/descriptor.ts';
import { lookUpInterface } from '../../sys/network-interface.ts';
import { openUdpSocket } from '../../sys/udp-socket.ts';
import { checkPermission, currentUser, ZFS_PERMISSIONS, type ZfsOperation } from '../../zfs/delegation.ts';
import { zfsVersion } from '../../zfs/feature.ts';
import type { DatasetName } from '../../zfs/name.ts';
import { type Finding, found, ok } from './finding.ts';

export function checkInterface(name: string): Finding[] {
  try {
    const { up, running, ethernet, loopback, mtuBytes, ipv4 } = lookUpInterface(name);
    const address = ipv4 === undefined ? 'no IPv4 address' : formatIpv4(ipv4);
    const findings: Finding[] = [];
    if (!up) findings.push(found('interface', 'missing', `${name} is down`, `ip link set dev ${name} up`));
    else if (!running)
      findings.push(
        found(
          'interface',
          'missing',
          `${name} has no cable or peer`,
          'Look at the cable, and at the other end.',
        ),
      );
    else if (!ethernet && !loopback)
      findings.push(
        found('interface', 'missing', `${name} carries no Ethernet frames`, 'Use plain UDP there.'),
      );
    else findings.push(ok('interface', `${name} is up, ${address}`));
    if (mtuBytes >= 9000) findings.push(ok('mtu', `MTU ${mtuBytes}`));
    else
      findings.push(
        found(
          'mtu',
          'note',
          `MTU ${mtuBytes}`,
          `Where every device on the way takes it: ip link set dev ${name} mtu 9000, on both ends. It halves the CPU for each byte.`,
        ),
      );
    return findings;
  } catch (error) {
    return [fromError('interface', error)];
  }
}

export function checkPort(port: number, host: string): Finding {
  try {
    closeDescriptor(openUdpSocket(parseIpv4(host), port));
    return ok('port', `UDP port ${port} is free`);
  } catch (error) {
    return fromError('port', error);
  }
}

export async function checkZfs(): Promise<Finding> {
  try {
    const { program, module } = await zfsVersion();
    if (module !== undefined) return ok('zfs', `${program.text}, module ${module.text}`);
    return found('zfs', 'missing', `${program.text}, and the kernel module is not loaded`, 'modprobe zfs');
  } catch (error) {
    return fromError('zfs', error);
  }
}

/** `userName` is whom the work will be done as; without it, who asks. Without a dataset there is nothing to look at. */
export async function checkDelegation(
  operation: ZfsOperation,
  dataset: DatasetName,
  userName: string | undefined,
  signal: AbortSignal,
): Promise<Finding> {
  const check = operation === 'receive' ? 'zfs_allow_receive' : 'zfs_allow_send';
  try {
    const asking = await currentUser();
    const user = userName === undefined ? asking : { name: userName, groups: [], root: userName === 'root' };
    if (user.root) return ok(check, `root may ${operation} ${dataset} without delegation`);
    await checkPermission(dataset, operation, { user, signal });
    return ok(check, `${user.name} may ${operation} ${dataset}`);
  } catch (error) {
    if (!(error instanceof ZwireError) || error.code !== 'ZFS_PERMISSION') return fromError(check, error);
    const who = userName ?? error.fields['user'] ?? '';
    const line = `zfs allow ${quoteWord(String(who))} ${ZFS_PERMISSIONS[operation].join(',')} ${quoteWord(dataset)}`;
    return found(check, 'missing', error.message, `As root: ${line}`);
  }
}

/** Whom the work will be done as; `uid` when there is such a user. */
export async function checkUser(name: string): Promise<{ readonly finding: Finding; readonly uid?: number }> {
  try {
    const { uid } = await lookUpUser(name);
    return { finding: ok('user', `${name} is user ${uid}`), uid };
  } catch (error) {
    return { finding: fromError('user', error) };
  }
}

/** A secret: there, ours or that of the user (`uid`) that the work will be done as, and nobody else's to read. */
export function checkSecret(check: string, path: string, userId?: number): Finding {
  try {
    const { mode, uid } = statSync(path);
    const others = (mode & 0o077) !== 0;
    if (!others && [0, process.geteuid?.(), userId].includes(uid))
      return ok(check, `${path}, mode ${octal(mode)}`);
    const why = others ? `others can read it (mode ${octal(mode)})` : `it belongs to user ${uid}`;
    return found(
      check,
      'excess',
      `${path}: ${why}`,
      `chmod 600 ${quoteWord(path)}; if someone may have read it, make a new key.`,
    );
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') return fromError(check, error);
    return found(
      check,
      'note',
      `there is no key in ${path}`,
      'zwire keygen makes one. Without keys only files travel, unless --insecure.',
    );
  }
}

/** A list of keys: there, and nobody else's to write, since whoever adds a line lets himself in. */
export function checkKeyList(check: string, path: string): Finding {
  try {
    const { mode } = statSync(path);
    if ((mode & 0o022) === 0) return ok(check, `${path}, mode ${octal(mode)}`);
    return found(
      check,
      'excess',
      `${path}: others can add to it (mode ${octal(mode)})`,
      `chmod go-w ${quoteWord(path)}`,
    );
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') return fromError(check, error);
    return found(check, 'note', `there is no ${path}`, 'docs/operations/keys.md says what stands in it.');
  }
}

export function checkStateDirectory(path: string): Finding {
  for (let directory = path; ; directory = dirname(directory)) {
    try {
      accessSync(directory, constants.W_OK | constants.X_OK);
      const made = directory === path ? '' : ', to be made';
      return ok('state', `${path}${made}`);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' && directory !== dirname(directory)) continue;
      return found(
        'state',
        'missing',
        `${path} cannot be written`,
        'Name another with --state-dir, or give this one to the user that receives.',
      );
    }
  }
}

function fromError(check: string, error: unknown): Finding {
  const text = error instanceof Error ? error.message : String(error);
  return found(
    check,
    'missing',
    text,
    (error instanceof ZwireError ? error.hint : undefined) ?? 'See the message.',
  );
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8).padStart(4, '0');
}

function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
