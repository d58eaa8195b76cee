// Runs a plan into a descriptor, without the wire, and reads what `zfs send -v -P` says of it on stderr
// (send_print_verbose and send_progress_thread in lib/libzfs/libzfs_sendrecv.c), with TABs between the fields:
//
//   full         SNAPSHOT       [BYTES]     before it starts, a line for each stream
//   incremental  FROM SNAPSHOT  [BYTES]
//   size         BYTES                      all of them together
//   HH:MM:SS     BYTES SNAPSHOT             once a second: sent of the stream of this snapshot
//
// and of a resumed one first what the token holds, as nvlist_print shows it.
import { BoundedText } from '../exec/bounded-text.ts';
import { readLines } from '../exec/lines.ts';
import { saneBytes } from './estimate.ts';
import { type ContinuedSend, sendArguments, sendError, type SendPlan, validateSendPlan } from './send.ts';

/** What `zfs send` says of itself. Of a recursive plan there are many streams, one for each snapshot. */
export type SendProgress =
  | /** A stream that will be sent, and what ZFS thinks it will be; undefined when that is unknown. */ {
      readonly kind: 'planned';
      readonly snapshot: string;
      /** As ZFS names it: of an increment what it starts from. */
      readonly from: string | undefined;
      readonly sizeBytes: bigint | undefined;
    }
  /** Of all streams together. */
  | { readonly kind: 'size'; readonly sizeBytes: bigint | undefined }
  /** Once a second: so much of the stream of this snapshot has been sent. */
  | { readonly kind: 'sent'; readonly snapshot: string; readonly sentBytes: bigint };

const PLANNED = /^(?:full|incremental\t(?<from>[^\t]+))\t(?<snapshot>[^\t]+)(?:\t(?<size>[0-9]{1,20}))?$/;
const SIZE = /^size\t(?<size>[0-9]{1,20})$/;
const SENT = /^[0-9]{2}:[0-9]{2}:[0-9]{2}\t(?<sent>[0-9]{1,20})\t(?<snapshot>[^\t]+)$/;

/** What a resumed send shows of its token: neither progress nor a complaint. */
const TOKEN_LINE = /^(?:resume token contents:|nvlist version: [0-9]+|\t.*)$/;

/** One line of stderr; undefined when it says nothing of progress. */
export function parseSendProgress(line: string): SendProgress | undefined {
  const planned = PLANNED.exec(line)?.groups;
  if (planned !== undefined) {
    const { snapshot = '', from, size } = planned;
    return { kind: 'planned', snapshot, from, sizeBytes: saneBytes(size) };
  }
  const size = SIZE.exec(line)?.groups;
  if (size !== undefined) return { kind: 'size', sizeBytes: saneBytes(size['size']) };
  const { sent, snapshot } = SENT.exec(line)?.groups ?? {};
  return sent === undefined || snapshot === undefined
    ? undefined
    : { kind: 'sent', snapshot, sentBytes: BigInt(sent) };
}

/**
 * Sends a plan into a descriptor, which stays the caller's to close: a file, or a pipe to another program. The loop's
 * end says that all of it was written; leaving the loop ends `zfs send`, and a loop that waits for long holds it back.
 * Throws what validateSendPlan throws before anything is written, and what `zfs send` says.
 */
export async function* sendTo(
  plan: SendPlan | ContinuedSend,
  fd: number,
  signal?: AbortSignal,
): AsyncGenerator<SendProgress, void, undefined> {
  if (plan.kind !== 'resume' && plan.kind !== 'saved') await validateSendPlan(plan, signal);
  const [command = 'send', ...rest] = sendArguments(plan);
  const complaints = new BoundedText();
  const lines = readLines('zfs', [command, '-v', '-P', ...rest], {
    stdout: fd,
    ...(signal === undefined ? {} : { signal }),
    onExit: ({ exitCode, signal: signalName }) => {
      if (exitCode === 0) return;
      throw sendError(plan, { stderr: complaints.toString(), exitCode, signal: signalName });
    },
  });
  for await (const batch of lines) {
    for (const line of batch) {
      const progress = parseSendProgress(line);
      if (progress !== undefined) yield progress;
      else if (!TOKEN_LINE.test(line)) complaints.push(Buffer.from(`${line}\n`));
    }
  }
}
