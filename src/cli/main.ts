// Entry point of bin/zwire.mjs: joins the command line to this process. Kept small, so that --help is fast.
import type { CliContext } from './context.ts';
import { runCommandLine } from './command-line.ts';
import { watchOutput } from './lost-output.ts';

const EXIT_GRACE_MS = 1000;

const context: CliContext = {
  process: { stdout: process.stdout, stderr: process.stderr, env: process.env },
  // isatty without opening process.stdin, which would start to own the descriptor that is to be sent.
  stdinIsTerminal: (await import('node:tty')).isatty(0),
  signals: process,
  exitNow: (exitCode) => process.exit(exitCode),
  now: Date.now,
};

const args = process.argv.slice(2);
watchOutput(process, args);
process.stderr.on('error', () => undefined);

process.exitCode = await runCommandLine(args, context);
// Everything has ended by now. Should something still keep the event loop alive, it does not keep the user.
setTimeout(() => process.exit(), EXIT_GRACE_MS).unref();
