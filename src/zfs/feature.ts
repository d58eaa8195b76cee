// What each release of OpenZFS brings, in one table, and which release is here. Whoever wants to use something new
// asks the table; nobody compares versions.
import { ZwireError } from '../bytes/zwire-error.ts';
import { runZfs } from './command.ts';

/** A release: `zfs-2.3.2-1~bpo12+2` is { major: 2, minor: 3, patch: 2 }. Release candidates count as the release. */
export interface ZfsRelease {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  /** As `zfs version` prints it. */
  readonly text: string;
}

/** The OpenZFS of this host: the programs and the kernel module can be of different releases. */
export interface ZfsVersion {
  readonly program: ZfsRelease;
  /** Undefined when the module is not loaded. */
  readonly module: ZfsRelease | undefined;
}

/** Which part has to be new enough: a flag is the program's, a kind of stream the module's, most need both. */
type Side = 'program' | 'module' | 'both';

/** The features that ZFS_FEATURES knows. */
export type ZfsFeature =
  | 'corrective_receive'
  | 'block_cloning'
  | 'exclude_datasets'
  | 'json_output'
  | 'long_names'
  | 'allow_receive_append'
  | 'held_reason'
  | 'allow_send_raw'
  | 'allow_send_encrypted';

/** A row of the table: since when, on which side, and what it is. */
export interface FeatureRow {
  readonly since: readonly [major: number, minor: number, patch: number];
  readonly side: Side;
  readonly brings: string;
}

/** Since when; from the release notes and the sources of OpenZFS. What 2.0 and older have is not listed. */
export const ZFS_FEATURES: Readonly<Record<ZfsFeature, FeatureRow>> = {
  corrective_receive: {
    since: [2, 2, 0],
    side: 'both',
    brings: '`zfs receive -c`: heals damaged data blocks',
  },
  block_cloning: { since: [2, 2, 0], side: 'module', brings: 'copies of files that share blocks' },
  exclude_datasets: { since: [2, 2, 0], side: 'program', brings: '`zfs send -R -X`: leaves datasets out' },
  json_output: { since: [2, 3, 0], side: 'program', brings: '`-j` for list, get, mount and version' },
  long_names: { since: [2, 3, 0], side: 'both', brings: 'file names of up to 1023 bytes' },
  allow_receive_append: {
    since: [2, 3, 2],
    side: 'both',
    brings: '`zfs allow receive:append`: receiving without the power to overwrite',
  },
  held_reason: {
    since: [2, 4, 0],
    side: 'program',
    brings: 'destroying a held snapshot says so; before (but for late 2.3) it is "busy"',
  },
  allow_send_raw: { since: [2, 4, 0], side: 'both', brings: '`zfs allow send:raw`' },
  allow_send_encrypted: { since: [2, 4, 4], side: 'both', brings: '`zfs allow send:encrypted`' },
};

let detected: { readonly path: string | undefined; readonly version: Promise<ZfsVersion> } | undefined;

/**
 * The OpenZFS of this host, asked for once in the life of the process (again when PATH has changed, or after a
 * failure). Throws PROGRAM_MISSING, and ZFS_OUTPUT_UNEXPECTED for words that name no release.
 */
export function zfsVersion(): Promise<ZfsVersion> {
  const path = process.env['PATH'];
  if (detected === undefined || detected.path !== path) {
    const version = runZfs(['version']).then(parseVersion);
    detected = { path, version };
    version.catch(() => (detected = undefined));
  }
  return detected.version;
}

/** Whether this version has it, on the side that matters. */
export function hasFeature(version: ZfsVersion, feature: ZfsFeature): boolean {
  const { since, side } = ZFS_FEATURES[feature];
  const { program, module } = version;
  const programHas = side === 'module' || isSince(program, since);
  return programHas && (side === 'program' || (module !== undefined && isSince(module, since)));
}

/** Reads `zfs version`: a line for the programs, one for the module. */
export function parseVersion(stdout: string): ZfsVersion {
  const lines = stdout.split('\n').map((line) => line.trim());
  const program = lines.find((line) => line.startsWith('zfs-') && !line.startsWith('zfs-kmod-'));
  const module = lines.find((line) => line.startsWith('zfs-kmod-'));
  return {
    program: releaseOf(program?.slice('zfs-'.length) ?? '', stdout),
    module: module === undefined ? undefined : releaseOf(module.slice('zfs-kmod-'.length), stdout),
  };
}

function releaseOf(text: string, stdout: string): ZfsRelease {
  const found = /^(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?/.exec(text);
  if (found === null) {
    throw new ZwireError(
      'ZFS_OUTPUT_UNEXPECTED',
      `zfs version names no release: ${JSON.stringify(stdout.slice(0, 300))}`,
      {
        fields: { line: stdout.slice(0, 300) },
        hint: 'zwire knows OpenZFS 2.1 and later.',
      },
    );
  }
  return { major: Number(found[1]), minor: Number(found[2]), patch: Number(found[3] ?? 0), text };
}

function isSince({ major, minor, patch }: ZfsRelease, since: FeatureRow['since']): boolean {
  if (major !== since[0]) return major > since[0];
  return minor === since[1] ? patch >= since[2] : minor > since[1];
}
