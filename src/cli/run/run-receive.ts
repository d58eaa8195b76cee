// Carries out a receive request: its link, where things land, and for how long.
import { lookUpUser } from '../../exec/user.ts';
import { becomeUser } from '../../sys/privilege.ts';
import { checkFileTarget, fileSinkPolicy } from '../../transfer/file-sink.ts';
import { receive } from '../../transfer/receive.ts';
import type { SinkPolicy } from '../../transfer/sink.ts';
import { zfsSinkPolicy } from '../../transfer/zfs-sink.ts';
import type { CliContext } from '../context.ts';
import { openKeyLog } from '../keys/key-log-file.ts';
import { keyPlaces } from '../keys/key-places.ts';
import { type ListWatch, receiverKeys } from '../keys/transfer-keys.ts';
import {
  isStandardOutput,
  type ReceiveRequest,
  type TargetRequest,
  targetName,
} from '../request/receive-request.ts';
import { insecureRequired } from '../usage-error.ts';
import { insecureWarning } from './insecure-warning.ts';
import type { Run } from './reported-run.ts';
import { requireZfs } from './require-zfs.ts';
import { resolveLink } from './resolve-host.ts';
import { refuseTerminalOutput } from './terminal-check.ts';

/** @throws ZwireError */
export async function runReceive(request: ReceiveRequest, context: CliContext, run: Run): Promise<void> {
  if (isStandardOutput(request.target)) refuseTerminalOutput(context);
  const user = request.user === undefined ? undefined : await lookUpUser(request.user, run.signal);
  const keys =
    request.keys === undefined
      ? undefined
      : receiverKeys(request.keys, keyPlaces(context.process.env), listWatch(context, run));
  if (request.target.kind !== 'file' && keys === undefined) {
    if (!request.insecure) throw insecureRequired(`receive into ${targetName(request.target)}`);
    run.report(insecureWarning(context.now()));
  }
  if (request.target.kind === 'file') await checkFileTarget(request.target.path);
  else await requireZfs(warner(context, run));
  using keyLog = openKeyLog(request.keyLogPath);
  await receive({
    link: await resolveLink(request.link),
    wire: request.wire,
    sink: sinkPolicy(request.target, request.insecure),
    once: request.once,
    timeoutMs: request.timeoutMs,
    maxTransfers: request.maxTransfers,
    poolBytes: request.poolBytes,
    insecure: request.insecure,
    ...(keys === undefined ? {} : { keys }),
    ...(keyLog.file === undefined ? {} : { keyLog: keyLog.file }),
    signal: run.signal,
    onEvent: run.report,
    ...(user === undefined ? {} : { onOpen: () => becomeUser(user) }),
  });
}

function warner(context: CliContext, run: Run): (code: string, message: string) => void {
  return (code, message) =>
    run.report({ event: 'warning', transfer: '', time: context.now(), code, message });
}

function listWatch(context: CliContext, run: Run): ListWatch {
  // Where somebody sits at a terminal, SIGHUP means that it went away.
  const attended = context.stdinIsTerminal || context.process.stderr.isTTY === true;
  return {
    say: warner(context, run),
    onRequest: (read) => {
      if (!attended) run.onHangUp(read);
    },
  };
}

function sinkPolicy(target: TargetRequest, insecure: boolean): SinkPolicy {
  return target.kind === 'file' ? fileSinkPolicy(target.path) : zfsSinkPolicy(target, { insecure });
}
