// Which permissions `zfs allow` has given to this user, and which one a command lacks, before ZFS refuses it.
//
//   ---- Permissions on tank/data ----------------------------------
//   Permission sets:
//           @simple create,mount
//   Create time permissions:
//           destroy
//   Local permissions:                       this dataset only
//           user alice send,@simple
//   Descendent permissions:                  those below only
//           group backup receive
//   Local+Descendent permissions:            both
//           everyone hold
// A block for the dataset and one for each ancestor that delegates (cmd/zfs/zfs_main.c, zfs_do_allow).
import { userInfo } from 'node:os';
import { ZwireError } from '../bytes/zwire-error.ts';
import { commandLine, quoteWord, runProcess } from '../exec/process.ts';
import { runZfs, unexpectedOutput } from './command.ts';
import type { DatasetName } from './name.ts';

/** The operations whose permissions ZFS_PERMISSIONS knows. */
export type ZfsOperation =
  | 'snapshot'
  | 'destroy'
  | 'rollback'
  | 'hold'
  | 'release'
  | 'bookmark'
  | 'clone'
  | 'rename'
  | 'promote'
  | 'send'
  | 'send -R'
  | 'receive';

/** What each command needs; a permission stands before the dataset it is needed on where that is not the target. */
export const ZFS_PERMISSIONS: Readonly<Record<ZfsOperation, readonly string[]>> = {
  snapshot: ['snapshot'],
  destroy: ['destroy', 'mount'],
  rollback: ['rollback', 'mount'],
  hold: ['hold'],
  release: ['release'],
  bookmark: ['bookmark'],
  clone: ['clone', 'create', 'mount'],
  rename: ['rename', 'create', 'mount'],
  promote: ['promote', 'mount'],
  send: ['send'],
  /** -R and -I take a temporary hold of every snapshot that is sent. */
  'send -R': ['send', 'hold'],
  /**
   * With the properties that zwire sets on what it makes, or leaves out of a recursive stream; destroy is for the
   * partly received state of a transfer that failed.
   */
  receive: [
    'receive',
    'create',
    'mount',
    'destroy',
    'readonly',
    'canmount',
    'mountpoint',
    'setuid',
    'devices',
    'volmode',
    'sharenfs',
    'sharesmb',
    'reservation',
    'refreservation',
  ],
};

/** Whose permissions are looked at. */
export interface User {
  readonly name: string;
  readonly groups: readonly string[];
  readonly root: boolean;
}

/** `who` is undefined for `everyone` and for the owner of what was created. */
interface Grant {
  readonly on: string;
  readonly reach: 'local' | 'descendent' | 'both';
  readonly kind: 'user' | 'group' | 'everyone';
  readonly who: string;
  readonly permissions: readonly string[];
}

interface Delegation {
  readonly grants: readonly Grant[];
  /** By dataset that defines them: a set counts on its dataset and below. */
  readonly sets: readonly {
    readonly on: string;
    readonly name: string;
    readonly permissions: readonly string[];
  }[];
}

/**
 * Resolves when this user may do it on the dataset. Throws ZFS_PERMISSION with the permissions that are missing in
 * `missing`, and the command that gives them in the hint. On Linux `mount` alone does not let a user mount.
 */
export async function checkPermission(
  dataset: DatasetName,
  operation: ZfsOperation,
  options: { readonly user?: User; readonly signal?: AbortSignal } = {},
): Promise<void> {
  const user = options.user ?? (await currentUser());
  if (user.root) return;
  const args = ['allow', dataset];
  const stdout = await runZfs(args, { signal: options.signal, dataset });
  const missing = missingPermissions(parseAllow(stdout, args), dataset, user, ZFS_PERMISSIONS[operation]);
  if (missing.length === 0) return;
  throw new ZwireError(
    'ZFS_PERMISSION',
    `${user.name} may not ${operation} ${dataset}: ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not delegated`,
    {
      fields: { dataset, operation, user: user.name, missing: missing.join(',') },
      hint: `As root: zfs allow ${quoteWord(user.name)} ${missing.join(',')} ${quoteWord(dataset)}.`,
    },
  );
}

/** Which of the wanted permissions the user lacks on the dataset. */
export function missingPermissions(
  delegation: Delegation,
  dataset: DatasetName,
  user: User,
  wanted: readonly string[],
): string[] {
  const held = new Set<string>();
  for (const grant of delegation.grants) {
    const reaches =
      grant.on === dataset
        ? grant.reach !== 'descendent'
        : grant.reach !== 'local' && dataset.startsWith(`${grant.on}/`);
    const isHis =
      grant.kind === 'everyone' ||
      (grant.kind === 'user' && grant.who === user.name) ||
      (grant.kind === 'group' && user.groups.includes(grant.who));
    if (reaches && isHis) for (const name of expand(grant.permissions, delegation)) held.add(name);
  }
  return wanted.filter((name) => !held.has(name));
}

/** Reads `zfs allow DATASET`. Throws ZFS_OUTPUT_UNEXPECTED for a line that is none of the known ones. */
export function parseAllow(stdout: string, args: readonly string[] = ['allow']): Delegation {
  const grants: Grant[] = [];
  const sets: { on: string; name: string; permissions: string[] }[] = [];
  let on = '';
  let section = '';
  for (const line of stdout.split('\n').filter((text) => text !== '')) {
    const header = /^---- Permissions on (.+?) -+$/.exec(line)?.[1];
    if (header !== undefined) on = header;
    else if (/^[A-Z].*:$/.test(line)) section = line.slice(0, -1);
    else if (!line.startsWith('\t')) throw unexpectedOutput(args, 'a line of no section', line);
    else if (section === 'Permission sets') {
      const [name = '', list = ''] = line.trim().split(' ');
      sets.push({ on, name, permissions: list.split(',') });
    } else if (REACHES[section] !== undefined) {
      const found = /^\t(?:(user|group) (.+)|(everyone)) (\S+)$/.exec(line);
      if (found === null) throw unexpectedOutput(args, 'a permission of nobody', line);
      const kind = found[1] === 'user' || found[1] === 'group' ? found[1] : 'everyone';
      grants.push({
        on,
        reach: REACHES[section] ?? 'local',
        kind,
        who: found[2] ?? '',
        permissions: (found[4] ?? '').split(','),
      });
    }
  }
  return { grants, sets };
}

const REACHES: Readonly<Record<string, Grant['reach']>> = {
  'Local permissions': 'local',
  'Descendent permissions': 'descendent',
  'Local+Descendent permissions': 'both',
};

/** Sets can hold sets; each is opened once, so that one within itself ends. */
function expand(permissions: readonly string[], delegation: Delegation): Set<string> {
  const open = [...permissions];
  const done = new Set<string>();
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (done.has(name)) continue;
    done.add(name);
    const set = name;
    if (name.startsWith('@'))
      open.push(...delegation.sets.filter((each) => each.name === set).flatMap((each) => each.permissions));
  }
  return done;
}

/** Who runs this process. Groups come from `id`, which knows the names that `zfs allow` prints. */
export async function currentUser(): Promise<User> {
  const { username, uid } = userInfo();
  if (uid === 0) return { name: username, groups: [], root: true };
  const { stdout, exitCode } = await runProcess('id', ['-Gn']);
  if (exitCode === 0) return { name: username, groups: stdout.trim().split(' '), root: false };
  throw new ZwireError('SYSTEM_CALL_FAILED', `${commandLine('id', ['-Gn'])} failed`, {
    fields: { program: 'id' },
  });
}
