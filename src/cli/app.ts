// The application: today's commands, and the seed's form when the first argument is a flag. Commands load what
// they need when they run.
import {
  type Application,
  buildApplication,
  buildRouteMap,
  ExitCode,
  type PartialApplicationConfiguration,
  run,
} from '@stricli/core';
import { EXIT } from '../bytes/error-codes.ts';
import { COMMAND_LINE_TEXT } from './command-line-text.ts';
import { inspectCommand } from './commands/inspect-command.ts';
import {
  bookmarkCommand,
  destroyCommand,
  holdCommand,
  listCommand,
  releaseCommand,
  rollbackCommand,
  snapshotCommand,
} from './commands/dataset-commands.ts';
import { doctorCommand } from './commands/doctor-command.ts';
import { keygenCommand } from './commands/keygen-command.ts';
import { captureCommand } from './commands/capture-command.ts';
import { dissectorCommand } from './commands/dissector-command.ts';
import { receiveCommand } from './commands/receive-command.ts';
import { seedCommand } from './commands/seed-command.ts';
import { sendCommand } from './commands/send-command.ts';
import { traceRoutes } from './commands/trace-command.ts';
import { testbedRoutes } from './commands/testbed-command.ts';
import { withHelp } from './commands/with-help.ts';
import type { CliContext } from './context.ts';
import { ROOT_HELP } from './help/root-help.ts';

/** Shared with the tests, which scan command lines without running them. */
export const SETTINGS: Readonly<PartialApplicationConfiguration> = {
  name: 'zwire',
  scanner: { caseStyle: 'allow-kebab-for-camel', allowArgumentEscapeSequence: true },
  localization: { text: COMMAND_LINE_TEXT },
};

function commandsApplication(): Application<CliContext> {
  const root = buildRouteMap({
    routes: {
      send: sendCommand,
      receive: receiveCommand,
      inspect: inspectCommand,
      list: listCommand,
      snapshot: snapshotCommand,
      destroy: destroyCommand,
      rollback: rollbackCommand,
      hold: holdCommand,
      release: releaseCommand,
      bookmark: bookmarkCommand,
      keygen: keygenCommand,
      doctor: doctorCommand,
      capture: captureCommand,
      dissector: dissectorCommand,
      trace: traceRoutes,
      testbed: testbedRoutes,
      seed: seedCommand,
    },
    docs: { brief: 'Replicate ZFS over the wire' },
  });
  return buildApplication(withHelp(root, ROOT_HELP), SETTINGS);
}

/** Whether the arguments are in the seed's form: the first is a flag, and does not ask for help. */
export function isSeedForm(args: readonly string[]): boolean {
  const [first = ''] = args;
  return first.startsWith('-') && first !== '--help' && first !== '-h';
}

/** Runs one command line and returns its exit code. */
export async function runApplication(args: readonly string[], context: CliContext): Promise<number> {
  const { stdout, stderr, env } = context.process;
  const application = isSeedForm(args) ? buildApplication(seedCommand, SETTINGS) : commandsApplication();
  // The scanner would paint its errors whole, hints included: it gets a stream without colours.
  const scanner: CliContext['process'] = { stdout, stderr: { write: (text) => stderr.write(text) }, env };
  const command: CliContext['process'] = { stdout, stderr, env };
  await run(application, args, { process: scanner, forCommand: () => ({ ...context, process: command }) });
  return exitCodeFrom(command.exitCode ?? scanner.exitCode);
}

/** The scanner's own codes are negative: the arguments could not be read, or something of ours broke. */
function exitCodeFrom(code: number | string | null | undefined): number {
  const number = Number(code ?? EXIT.done);
  if (number >= 0) return number;
  const unreadable = number === ExitCode.InvalidArgument || number === ExitCode.UnknownCommand;
  return unreadable ? EXIT.usage : EXIT.failed;
}
