// Programs that share our terminal (a shell), and holders: programs that only keep a namespace alive.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { ZwireError } from '../bytes/zwire-error.ts';

export interface InteractiveExit {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface InteractiveOptions {
  /** Added to our own environment, which the program gets whole: it is the user's shell. */
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * Runs a program on our terminal, with our environment, and resolves when it has ended. While it runs, Ctrl-C
 * is its own, and SIGTERM or SIGHUP to us hangs up on it (an interactive shell ignores SIGTERM).
 * @throws ZwireError PROGRAM_MISSING, SYSTEM_CALL_FAILED
 */
export async function runInteractive(
  file: string,
  args: readonly string[],
  options: InteractiveOptions = {},
): Promise<InteractiveExit> {
  let child: ChildProcess | undefined;
  const ignore = (): void => undefined;
  const hangUp = (): void => void child?.kill('SIGHUP');
  // Before the program is there: it may run, and signal us, before spawn() has returned.
  process.on('SIGINT', ignore).on('SIGTERM', hangUp).on('SIGHUP', hangUp);
  try {
    const program = spawn(file, [...args], {
      shell: false,
      stdio: 'inherit',
      env: { ...process.env, ...options.environment },
    });
    child = program;
    return await new Promise<InteractiveExit>((resolve, reject) => {
      program.once('error', (error) => reject(startFailure(file, error)));
      program.once('exit', (exitCode, signal) => resolve({ exitCode, signal }));
    });
  } finally {
    process.off('SIGINT', ignore).off('SIGTERM', hangUp).off('SIGHUP', hangUp);
  }
}

export interface Holder extends Disposable {
  readonly pid: number;
}

const READY = 'ready\n';

/**
 * Starts a program that ends in `cat`, such as `unshare --net cat`, and resolves once cat runs. It lives until
 * disposed of, or until we end in whatever way: its standard input is a pipe from us.
 * @throws ZwireError PROGRAM_MISSING, SYSTEM_CALL_FAILED with what the program said
 */
export async function startHolder(file: string, args: readonly string[]): Promise<Holder> {
  // In a session of its own: Ctrl-C on our terminal is not for it.
  const child = spawn(file, [...args], { shell: false, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString('utf8').slice(0, 4096)));
  // A holder that ended is noticed by its exit; writing to it then fails, and that says nothing more.
  child.stdin.on('error', () => undefined);
  child.stdin.write(READY);
  await new Promise<void>((resolve, reject) => {
    child.once('error', (error) => reject(startFailure(file, error)));
    // What was written comes back: everything before cat has been done.
    child.stdout.once('data', () => resolve());
    void once(child, 'close').then(
      () => reject(endedEarly(file, said)),
      () => undefined,
    );
  });
  return { pid: child.pid ?? -1, [Symbol.dispose]: () => endHolder(child) };
}

function endHolder(child: ChildProcess): void {
  child.stdin?.destroy();
  child.kill('SIGKILL');
}

function endedEarly(file: string, said: string): ZwireError {
  const why = said.trim() === '' ? 'it ended at once' : said.trim().slice(0, 500);
  return new ZwireError('SYSTEM_CALL_FAILED', `cannot run ${file}: ${why}`, { fields: { program: file } });
}

function startFailure(file: string, error: Error): ZwireError {
  const missing = 'code' in error && error.code === 'ENOENT';
  return new ZwireError(
    missing ? 'PROGRAM_MISSING' : 'SYSTEM_CALL_FAILED',
    missing
      ? `cannot start ${file}: there is no such program on PATH`
      : `cannot start ${file}: ${error.message}`,
    {
      fields: { program: file },
      hint: 'unshare and nsenter are in util-linux, ip is in iproute2.',
      cause: error,
    },
  );
}
