// Carries out a send request: its source, its link, its transfer.
import { fileSource } from '../../transfer/file-source.ts';
import { send } from '../../transfer/send.ts';
import type { Source, SourceAnnouncement } from '../../transfer/source.ts';
import { zfsSource } from '../../transfer/zfs-source.ts';
import type { CliContext } from '../context.ts';
import { openKeyLog } from '../keys/key-log-file.ts';
import { keyPlaces } from '../keys/key-places.ts';
import { senderKeys } from '../keys/transfer-keys.ts';
import { type SendRequest, sourceName } from '../request/send-request.ts';
import { insecureRequired } from '../usage-error.ts';
import { insecureWarning } from './insecure-warning.ts';
import type { Run } from './reported-run.ts';
import { resolveLink } from './resolve-host.ts';
import { refuseTerminalInput } from './terminal-check.ts';

/** How long a sender waits for any receiver to answer its first announcements. */
const JOIN_TIMEOUT_MS = 5000;

/** @throws ZwireError */
export async function runSend(request: SendRequest, context: CliContext, run: Run): Promise<void> {
  const { source } = request;
  if (source.kind === 'file' && source.path === '-') refuseTerminalInput(context);
  const places = keyPlaces(context.process.env);
  const keys = request.keys === undefined ? undefined : senderKeys(request.keys, request.link, places);
  if (source.kind !== 'file' && keys === undefined) {
    if (!request.insecure) throw insecureRequired(`send ${sourceName(source)}`);
    run.report(insecureWarning(context.now()));
  }
  const link = await resolveLink(request.link);
  using keyLog = openKeyLog(request.keyLogPath);
  await send({
    link,
    source: transferSource(request, context, run),
    wire: request.wire,
    oneWay: request.oneWay,
    ...(request.rateBitsPerSecond === undefined ? {} : { rateBitsPerSecond: request.rateBitsPerSecond }),
    ...(request.pauseBetweenFramesMs === undefined
      ? {}
      : { pauseBetweenFramesMs: request.pauseBetweenFramesMs }),
    timeoutMs: request.timeoutMs,
    joinTimeoutMs: Math.min(JOIN_TIMEOUT_MS, request.timeoutMs),
    insecure: request.insecure,
    ...(keys === undefined ? {} : { keys }),
    ...(keyLog.file === undefined ? {} : { keyLog: keyLog.file }),
    signal: run.signal,
    onEvent: run.report,
  });
}

function transferSource({ source, wire }: SendRequest, context: CliContext, run: Run): Source {
  if (source.kind === 'snapshot') return zfsSource(source);
  if (source.kind === 'new-snapshot') {
    // Its name is the start of the next delta, so it is said.
    return redescribed(zfsSource(source), (announcement) => {
      const name = announcement.toSnapshot?.name;
      if (name !== undefined) run.report({ event: 'snapshot', time: context.now(), name });
      return announcement;
    });
  }
  const file = fileSource(source.path);
  const { standsFor } = source;
  if (standsFor === undefined) return file;
  // The seed's format knows pools, datasets and deltas, but no files. Ours says what it is.
  const kind = wire === 'v0' ? standsFor.kind : 'file';
  return redescribed(file, (announcement) => ({ ...announcement, name: standsFor.name, kind }));
}

/** The same source with its announcement seen, or changed, on the way. */
function redescribed(
  source: Source,
  change: (announcement: SourceAnnouncement) => SourceAnnouncement,
): Source {
  return {
    describe: async (signal) => change(await source.describe(signal)),
    open: (signal) => source.open(signal),
    close: (outcome) => source.close(outcome),
  };
}
