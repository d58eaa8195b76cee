// `zwire capture`: flags and words. What it does is loaded when it runs.
import { buildCommand, type Command, type FlagParametersForType } from '@stricli/core';
import type { CliContext } from '../context.ts';
import { CAPTURE_HELP } from '../help/capture-help.ts';
import { parseInterface, parsePath } from '../parse/path.ts';
import { parseFrameCount, parsePort, parseSeconds, parseSnapLength } from '../parse/whole-number.ts';
import { toggle, value } from './flag-shape.ts';
import { withHelp } from './with-help.ts';

export interface CaptureFlags {
  readonly interface?: string;
  readonly write?: string;
  readonly port?: number;
  readonly count?: number;
  readonly seconds?: number;
  readonly snaplen?: number;
  readonly json?: boolean;
}

const FLAGS: FlagParametersForType<CaptureFlags> = {
  interface: value(parseInterface, 'IF', 'The interface to listen on; needs CAP_NET_RAW'),
  write: value(parsePath, 'FILE', 'Where the capture goes; - is standard output'),
  port: value(parsePort, 'PORT', "The receiver's UDP port (default: 1337)"),
  count: value(parseFrameCount, 'N', 'End after N frames'),
  seconds: value(parseSeconds, 'S', 'End after S seconds'),
  snaplen: value(parseSnapLength, 'BYTES', 'Keep only so much of every frame (default: all)'),
  json: toggle('Print events as JSON lines (on standard error with -w -)'),
};

const command = buildCommand<CaptureFlags, [], CliContext>({
  loader: async () => {
    const { capture } = await import('./capture.ts');
    return function (flags) {
      return capture(this, flags);
    };
  },
  parameters: { flags: FLAGS, aliases: { w: 'write' } },
  docs: { brief: 'Record the frames of a transfer for Wireshark' },
});

export const captureCommand: Command<CliContext> = withHelp(command, {
  ...CAPTURE_HELP,
  groups: [{ title: 'FLAGS', flags: FLAGS }],
});
