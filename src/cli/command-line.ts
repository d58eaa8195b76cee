// The command line as a function of its arguments and its surroundings. What nearly everyone asks first, help and
// version, is answered here without loading the scanner and the commands.
import { EXIT } from '../bytes/error-codes.ts';
import type { CliContext } from './context.ts';
import { ROOT_HELP } from './help/root-help.ts';
import { hasColour } from './render/colour.ts';
import { helpPage } from './render/help-page.ts';
import { readVersion } from './version.ts';

const VERSION: ReadonlySet<string> = new Set(['--version', '-v', '-V']);
const HELP: ReadonlySet<string> = new Set(['--help', '-h', 'help']);

/** Runs one command line and returns its exit code. Everything it says goes to the streams of the context. */
export async function runCommandLine(args: readonly string[], context: CliContext): Promise<number> {
  const { stdout, env } = context.process;
  const [first = '--help'] = args;
  if (VERSION.has(first)) {
    stdout.write(`zwire ${readVersion()}\n`);
    return EXIT.done;
  }
  if (HELP.has(first) && args.length <= 1) {
    stdout.write(helpPage(ROOT_HELP, hasColour(stdout, env)));
    return EXIT.done;
  }
  const { runApplication } = await import('./app.ts');
  return runApplication(first === 'help' ? [...args.slice(1), '--help'] : args, context);
}
