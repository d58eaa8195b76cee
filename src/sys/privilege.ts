// What this process may do, as the kernel sees it (capabilities(7), proc(5)), and how it gives that up for good.
import { readdirSync, readFileSync } from 'node:fs';
import { ZwireError } from '../bytes/zwire-error.ts';

/** include/uapi/linux/capability.h; the index is the bit. */
const CAPABILITY_NAMES: readonly string[] = [
  'chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable',
  'net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot',
  'sys_ptrace sys_pacct sys_admin sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease',
  'audit_write audit_control setfcap mac_override mac_admin syslog wake_alarm block_suspend audit_read',
  'perfmon bpf checkpoint_restore',
].flatMap((line) => line.split(' '));

/** Of one thread. */
export interface Credentials {
  /** Real, effective, saved and of the file system. */
  readonly uids: readonly number[];
  readonly gids: readonly number[];
  readonly groups: readonly number[];
  /** Effective ones, such as `CAP_NET_RAW`. */
  readonly capabilities: readonly string[];
  /** What could become effective at any time: permitted and ambient ones. */
  readonly reserve: readonly string[];
}

/** Of the thread that asks; `status` is the text of a /proc/.../status. */
export function credentials(status: string = readFileSync('/proc/thread-self/status', 'utf8')): Credentials {
  const field = (name: string): string => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '';
  const numbers = (name: string): number[] => (field(name).match(/\d+/g) ?? []).map(Number);
  const reserve = ['CapPrm', 'CapAmb'].map((name) => BigInt(`0x${field(name) || '0'}`));
  return {
    uids: numbers('Uid'),
    gids: numbers('Gid'),
    groups: numbers('Groups'),
    capabilities: namesOf(BigInt(`0x${field('CapEff') || '0'}`)),
    reserve: namesOf(reserve.reduce((all, some) => all | some, 0n)),
  };
}

function namesOf(bits: bigint): string[] {
  const names: string[] = [];
  for (let bit = 0; bits >> BigInt(bit) > 0n; bit += 1) {
    if (((bits >> BigInt(bit)) & 1n) === 0n) continue;
    names.push(`CAP_${(CAPABILITY_NAMES[bit] ?? String(bit)).toUpperCase()}`);
  }
  return names;
}

export interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** All it belongs to. */
  readonly groups: readonly number[];
}

/**
 * Makes the whole process that user's, groups and all, and looks at every thread whether it is: a thread that stayed
 * root would be the one that an attacker looks for. The capabilities go with the user id (capabilities(7), "Effect of
 * user ID changes"); what sockets are open stay open. Throws PRIVILEGE_MISSING when we are neither root nor that user.
 */
export function becomeUser(user: User): void {
  const already = credentials();
  if (already.uids.every((uid) => uid === user.uid) && user.uid !== 0) return;
  if (user.uid === 0) {
    throw new ZwireError('USAGE', `--user ${user.name} is root, and would give nothing up`, {
      hint: 'Make a user for it: useradd --system zwire',
    });
  }
  try {
    process.setgroups?.(user.groups);
    process.setgid?.(user.gid);
    process.setuid?.(user.uid);
  } catch (error) {
    throw new ZwireError('PRIVILEGE_MISSING', `cannot become the user ${user.name}`, {
      fields: { user: user.name },
      hint: 'Start as root, or as that user without --user.',
      cause: error,
    });
  }
  for (const thread of readdirSync('/proc/self/task')) {
    const now = credentials(readFileSync(`/proc/self/task/${thread}/status`, 'utf8'));
    const left = [
      ...now.uids.filter((uid) => uid !== user.uid),
      ...now.gids.filter((gid) => gid !== user.gid),
    ];
    if (left.length === 0 && now.capabilities.length === 0 && now.reserve.length === 0) continue;
    throw new ZwireError('PRIVILEGE_MISSING', `thread ${thread} did not give up its privileges`, {
      fields: { user: user.name, kept: [...now.capabilities, ...now.reserve].join(' ') },
      hint: 'Report it: this system does not change the user of all threads together.',
    });
  }
}
