// Resume tokens: what a receiver that kept its part (zfs receive -s) hands out, and zfs send -t goes on with.
// One is of one snapshot of one dataset. It comes from the other side, so it is checked before it is used.
import { ZwireError } from '../bytes/zwire-error.ts';
import { commandLine, runProcess } from '../exec/process.ts';
import { zfsErrorFrom } from './error.ts';
import { parseSnapshotName, type SnapshotName } from './name.ts';

/** A resume token that has the form of one; whether it can go on, planResume says. */
export type ResumeToken = string & { readonly __token: unique symbol };

/** What is left to send, as `zfs send -nvP -t` tells it. */
export interface ResumePlan {
  readonly token: ResumeToken;
  /** The snapshot of this host that goes on. */
  readonly to: SnapshotName;
  readonly toGuid: bigint;
  /** Of an increment: the guid of where it starts. */
  readonly fromGuid: bigint | undefined;
  /** Sent and kept already, bytes. */
  readonly doneBytes: bigint;
  /** Still to send, bytes; undefined when ZFS does not say. */
  readonly remainingBytes: bigint | undefined;
}

/** A token is text of the receiver's making; real ones have a few hundred characters. */
const TOKEN_CHARACTERS_MAX = 16 * 1024;
/** Above this an estimate is nonsense: OpenZFS prints negative sizes as 2^64 - n (openzfs#12265). */
const ESTIMATE_END = 1n << 63n;

/** Takes `1-checksum-length-content`, all hex. Throws ZFS_RESUME_TOKEN_CORRUPT for anything else. */
export function parseResumeToken(text: string): ResumeToken {
  if (isResumeToken(text)) return text;
  throw corrupt(text, 'it does not look like one');
}

/**
 * Whether the token can go on from here, and what with. Throws ZFS_RESUME_TOKEN_CORRUPT, ZFS_RESUME_SNAPSHOT_GONE,
 * ZFS_RESUME_SNAPSHOT_CHANGED, ZFS_RESUME_FROM_GONE; after those the receiver's part is of no use any more.
 */
export async function planResume(token: ResumeToken, signal?: AbortSignal): Promise<ResumePlan> {
  const args = ['send', '-n', '-v', '-P', '-t', token];
  const result = await runProcess('zfs', args, signal === undefined ? {} : { signal });
  if (result.exitCode !== 0) {
    throw zfsErrorFrom(result.stderr, {
      action: commandLine('zfs', ['send', '-n', '-t', 'TOKEN']),
      exitCode: result.exitCode,
      signal: result.signal,
    });
  }
  return readPlan(token, result.stdout + result.stderr);
}

/** The token as nvlist_print shows it (`\ttoguid = 0x1f`), then the lines of a dry run. */
function readPlan(token: ResumeToken, output: string): ResumePlan {
  const field = (name: string): string | undefined =>
    new RegExp(`^\\t*${name} = (.+)$`, 'm').exec(output)?.[1];
  const number = (name: string): bigint | undefined => {
    const text = field(name);
    return text !== undefined && /^(?:0x[0-9a-f]{1,16}|[0-9]{1,20})$/.test(text) ? BigInt(text) : undefined;
  };
  const toGuid = number('toguid');
  const to = field('toname');
  if (to === undefined || toGuid === undefined) throw corrupt(token, 'it names no snapshot');
  const size = /^size\t([0-9]{1,20})$/m.exec(output)?.[1];
  const remaining = size === undefined ? undefined : BigInt(size);
  return {
    token,
    to: parseSnapshotName(to),
    toGuid,
    fromGuid: number('fromguid'),
    doneBytes: number('bytes') ?? 0n,
    remainingBytes: remaining !== undefined && remaining < ESTIMATE_END ? remaining : undefined,
  };
}

function isResumeToken(text: string): text is ResumeToken {
  return text.length <= TOKEN_CHARACTERS_MAX && /^[0-9a-f]+(?:-[0-9a-f]+){3}$/.test(text);
}

function corrupt(text: string, why: string): ZwireError {
  return new ZwireError('ZFS_RESUME_TOKEN_CORRUPT', `cannot resume from this token: ${why}`, {
    fields: { token: text.slice(0, 200) },
    hint: 'Throw the partly received state away on the receiver (zfs receive -A) and send again.',
  });
}
