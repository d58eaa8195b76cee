// Resume tokens: what a receiver that kept its part (zfs receive -s) hands out, and zfs send -t goes on with.
// One is of one snapshot of one dataset. It comes from the other side, so it is checked before it is used.
import { ZwireError } from '../bytes/zwire-error.ts';
import { commandLine, runProcess } from '../exec/process.ts';
import { decodeResumeToken, type ResumeToken as ResumeTokenContent } from '../stream/resume-token.ts';
import { zfsErrorFrom } from './error.ts';
import { parseEstimate } from './estimate.ts';
import { parseSnapshotName, type SnapshotName } from './name.ts';

/** A resume token that decodes as one; whether it can go on, planResume says. */
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

/** Takes a token that decodes. Throws ZFS_RESUME_TOKEN_CORRUPT for anything else. */
export function parseResumeToken(text: string): ResumeToken {
  contentOf(text);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- contentOf has just checked it
  return text as ResumeToken;
}

/**
 * Whether the token can go on from here, and what with. Throws ZFS_RESUME_TOKEN_CORRUPT, ZFS_RESUME_SNAPSHOT_GONE,
 * ZFS_RESUME_SNAPSHOT_CHANGED, ZFS_RESUME_FROM_GONE; after those the receiver's part is of no use any more.
 */
export async function planResume(token: ResumeToken, signal?: AbortSignal): Promise<ResumePlan> {
  const { toName, toGuid, fromGuid, bytes } = contentOf(token);
  const args = ['send', '-n', '-v', '-P', '-t', token];
  const result = await runProcess('zfs', args, signal === undefined ? {} : { signal });
  if (result.exitCode !== 0) {
    throw zfsErrorFrom(result.stderr, {
      action: commandLine('zfs', ['send', '-n', '-t', 'TOKEN']),
      exitCode: result.exitCode,
      signal: result.signal,
    });
  }
  const output = result.stdout + result.stderr;
  // ZFS finds the snapshot by its guid and says what it is called now; the token has its name of then.
  const nameNow = /^(?:full|incremental\t[^\t\n]+)\t([^\t\n]+)(?:\t[0-9]+)?$/m.exec(output)?.[1];
  return {
    token,
    to: parseSnapshotName(nameNow ?? toName),
    toGuid,
    fromGuid,
    doneBytes: bytes,
    remainingBytes: parseEstimate(output),
  };
}

function contentOf(text: string): ResumeTokenContent {
  try {
    return decodeResumeToken(text);
  } catch (error) {
    if (!(error instanceof ZwireError)) throw error;
    throw new ZwireError('ZFS_RESUME_TOKEN_CORRUPT', `cannot resume: ${error.message}`, {
      fields: { token: text.slice(0, 200) },
      hint: 'Throw the partly received state away on the receiver (zfs receive -A) and send again.',
      cause: error,
    });
  }
}
