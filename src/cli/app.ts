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
import { commandLineText, type TypedCommand } from './command-line-text.ts';
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
  localization: { text: commandLineText() },
};

const ROUTES = {
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
};

function commandsApplication(settings: Readonly<PartialApplicationConfiguration>): Application<CliContext> {
  const root = buildRouteMap({ routes: ROUTES, docs: { brief: 'Replicate ZFS over the wire' } });
  return buildApplication(withHelp(root, ROOT_HELP), settings);
}

/** For hints: the help of the command that was typed, and whose flag it is that it does not have. */
function typedCommand([first = '', second = '']: readonly string[], seedForm: boolean): TypedCommand {
  const other = { send: 'receive', receive: 'send' } as const;
  const words = seedForm ? 'seed' : first === 'testbed' || first === 'trace' ? `${first} ${second}` : first;
  return {
    seeHelp: `zwire ${words} --help lists the flags.`,
    ownerOf: (flag) => {
      if (first !== 'send' && first !== 'receive') return undefined;
      const name = other[first];
      return ROUTES[name].usesFlag(flag, 'allow-kebab-for-camel') ? `zwire ${name}` : undefined;
    },
  };
}

/** Whether the arguments are in the seed's form: the first is a flag, and does not ask for help. */
export function isSeedForm(args: readonly string[]): boolean {
  const [first = ''] = args;
  return first.startsWith('-') && first !== '--help' && first !== '-h';
}

/** Runs one command line and returns its exit code. */
export async function runApplication(args: readonly string[], context: CliContext): Promise<number> {
  const { stdout, stderr, env } = context.process;
  const seedForm = isSeedForm(args);
  const settings = { ...SETTINGS, localization: { text: commandLineText(typedCommand(args, seedForm)) } };
  const application = seedForm ? buildApplication(seedCommand, settings) : commandsApplication(settings);
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
