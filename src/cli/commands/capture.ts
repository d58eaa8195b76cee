// `zwire capture`, loaded when it runs.
import { EXIT } from '../../bytes/error-codes.ts';
import { ZwireError } from '../../bytes/zwire-error.ts';
import type { CliContext } from '../context.ts';
import { watchInterruption } from '../interruption.ts';
import { formatBytes } from '../render/figures.ts';
import { errorEvent } from '../render/json-line.ts';
import { exitCodeForError } from '../render/error-text.ts';
import type { CaptureFile } from '../run/capture-file.ts';
import { framedRun } from '../run/framed-run.ts';
import { usageError } from '../usage-error.ts';
import type { CaptureFlags } from './capture-command.ts';

export async function capture(context: CliContext, flags: CaptureFlags): Promise<void> {
  const { stdout, stderr } = context.process;
  const toStdout = flags.write === '-';
  const say = (words: string, event: Readonly<Record<string, unknown>>): void => {
    if (flags.json !== true) stderr.write(`zwire: ${words}\n`);
    else (toStdout ? stderr : stdout).write(`${JSON.stringify(event)}\n`);
  };
  await framedRun(context, async () => {
    try {
      return await carryOut(context, flags, say);
    } catch (error) {
      if (flags.json !== true) throw error;
      const exitCode = exitCodeForError(error);
      say('', { ...errorEvent(error, exitCode, context.now()) });
      return exitCode;
    }
  });
}

type Say = (words: string, event: Readonly<Record<string, unknown>>) => void;

async function carryOut(context: CliContext, flags: CaptureFlags, say: Say): Promise<number> {
  const { interface: interfaceName, write: path, port = 1337, seconds } = flags;
  if (interfaceName === undefined) {
    throw usageError('it is not said where to listen', 'Add --interface, such as --interface eth0.');
  }
  if (path === undefined)
    throw usageError('it is not said where the capture goes', 'Add -w run.pcap, or -w - .');
  if (path === '-' && context.process.stdout.isTTY === true) {
    throw new ZwireError('TERMINAL_REFUSED', 'cannot write a capture to a terminal', {
      hint: 'Give it to a program: zwire capture --interface eth0 -w - | wireshark -k -i -',
    });
  }
  // Not before the request is known to make sense: this loads the foreign-function library.
  const { captureFrames, SNAP_BYTES_MAX } = await import('../../link/capture.ts');
  const { openCaptureFile } = await import('../run/capture-file.ts');
  const interruption = watchInterruption(context, () => undefined);
  const endings = [
    interruption.signal,
    ...(seconds === undefined ? [] : [AbortSignal.timeout(seconds * 1000)]),
  ];
  let file: CaptureFile | undefined;
  try {
    const result = await captureFrames({
      interfaceName,
      port,
      frameCountMax: flags.count ?? Number.POSITIVE_INFINITY,
      snapBytes: flags.snaplen ?? SNAP_BYTES_MAX,
      signal: AbortSignal.any(endings),
      onReady: () =>
        say(`capturing UDP port ${port} on ${interfaceName}; Ctrl-C ends it`, {
          event: 'capturing',
          time: context.now(),
          interface: interfaceName,
          port,
        }),
      // Not before the socket is open: a capture that is not allowed leaves no file.
      write: async (bytes) => (file ??= await openCaptureFile(path)).write(bytes),
    });
    const { frames, bytes, drops } = result;
    const lost = drops === 0 ? 'none dropped' : `${drops} DROPPED: the file was not written fast enough`;
    const event = { event: 'captured', time: context.now(), frames, bytes, drops, path };
    say(`${frames} frames, ${formatBytes(bytes)} in ${path === '-' ? 'all' : path}, ${lost}`, event);
    return EXIT.done;
  } finally {
    await file?.[Symbol.asyncDispose]();
    interruption.close();
  }
}
