// Runs one program: argv array, no shell, a fixed environment, real descriptors for the data. The only place
// that starts processes. child_process's own 'pipe' is a UNIX socket, so it carries messages here, never data.
import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { ZwireError } from '../bytes/zwire-error.ts';
import { BoundedText } from './bounded-text.ts';

/** How long a program may take to end after SIGTERM before it gets SIGKILL. */
export const KILL_GRACE_MS: number = 1000;
/** How long after the exit its pipes may stay open (a grandchild can hold them) before we stop waiting for them. */
const STDERR_GRACE_MS = 500;
const STDOUT_GRACE_MS = 10_000;
/** Most bytes of stdout that runProcess collects unless told otherwise. */
export const OUTPUT_BYTES_MAX: number = 64 * 1024 * 1024;

/** How a program ended: `exitCode` is null when a signal ended it. */
export interface ExitStatus {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What it wrote on stderr: the first 8 KiB and the last 24 KiB. */
  readonly stderr: string;
}

export interface RunningProcess {
  readonly pid: number;
  /** Settles once the program has ended and its stderr is read. Never rejects. */
  readonly exit: Promise<ExitStatus>;
  /** Sends the signal (SIGTERM unless told) and SIGKILL a second later if that did not end it. */
  kill(signal?: NodeJS.Signals): void;
  /** What it has written on stderr so far. */
  stderrText(): string;
}

export interface StartOptions {
  /** A descriptor the program reads; it stays open on our side, and the caller closes it. */
  readonly stdin?: number | 'ignore';
  /** A descriptor the program writes; it stays open on our side, and the caller closes it. */
  readonly stdout?: number | 'ignore';
  /** Ends the program the way kill() does. */
  readonly signal?: AbortSignal;
}

export interface RunOptions {
  readonly signal?: AbortSignal;
  /** More stdout than this ends the program and rejects with PROGRAM_OUTPUT_TOO_LARGE. */
  readonly maxOutputBytes?: number;
  /** Text for its stdin; without it stdin is empty. */
  readonly input?: string;
}

export interface RunResult extends ExitStatus {
  readonly stdout: string;
}

/** Which Debian package brings a program that we may find missing. */
const DEBIAN_PACKAGES: Readonly<Record<string, string>> = {
  zfs: 'zfsutils-linux',
  zpool: 'zfsutils-linux',
  ip: 'iproute2',
  ethtool: 'ethtool',
};

/**
 * Starts a program and resolves once it runs. Ownership of descriptors stays with the caller.
 * Throws PROGRAM_MISSING when there is no such program on PATH or in the sbin directories, SYSTEM_CALL_FAILED
 * when it cannot be started, and INTERRUPTED when the signal was aborted before.
 */
export async function startProcess(
  file: string,
  args: readonly string[],
  options: StartOptions = {},
): Promise<RunningProcess> {
  throwIfAborted(file, options.signal);
  const child = spawnProgram(file, args, [options.stdin ?? 'ignore', options.stdout ?? 'ignore', 'pipe']);
  return watch(child, file, options.signal);
}

/**
 * Runs a program to its end and collects what it prints. A non-zero exit is a result, not an error.
 * Throws what startProcess throws, INTERRUPTED when the signal ends it, and PROGRAM_OUTPUT_TOO_LARGE.
 */
export async function runProcess(
  file: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  throwIfAborted(file, options.signal);
  const child = spawnProgram(file, args, [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe']);
  const maxBytes = options.maxOutputBytes ?? OUTPUT_BYTES_MAX;
  const chunks: Buffer[] = [];
  let bytes = 0;
  let running: RunningProcess | undefined;
  child.stdout?.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= maxBytes) chunks.push(chunk);
    else running?.kill('SIGKILL');
  });
  child.stdout?.on('error', () => undefined);
  // A program that does not read its input ends with EPIPE on our side; its exit code says what happened.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(options.input);
  running = await watch(child, file, options.signal);
  const status = await running.exit;
  throwIfAborted(file, options.signal);
  if (bytes > maxBytes) {
    throw new ZwireError(
      'PROGRAM_OUTPUT_TOO_LARGE',
      `${commandLine(file, args)} printed more than ${maxBytes} bytes, and was stopped`,
      { fields: { program: file, maxBytes } },
    );
  }
  return { ...status, stdout: Buffer.concat(chunks).toString('utf8') };
}

/** A program whose words are read as they come. */
export interface ReadingProcess {
  readonly running: RunningProcess;
  /** Paused until it is read; a reader that is slow holds the program back. The caller ends it. */
  readonly words: Readable;
}

/**
 * Starts a program to read what it prints, however long that takes: its standard output, or where that is given a
 * descriptor, which stays the caller's to close, its stderr. Throws what startProcess throws.
 */
export async function startReading(
  file: string,
  args: readonly string[],
  options: { readonly stdout?: number | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<ReadingProcess> {
  const { stdout = 'pipe', signal } = options;
  throwIfAborted(file, signal);
  const child = spawnProgram(file, args, ['ignore', stdout, 'pipe']);
  const words = stdout === 'pipe' ? child.stdout : child.stderr;
  const running = await watch(child, file, signal, stdout === 'pipe' ? 'stdout' : 'stderr');
  if (words === null) throw new Error('a piped standard output is missing');
  return { running, words };
}

/** More of a command line than this is cut from messages: some have hundreds of names. */
const COMMAND_CHARACTERS_MAX = 400;

/** A command as a person would type it, for messages and hints; cut when it is long. Never given to a shell by us. */
export function commandLine(file: string, args: readonly string[]): string {
  const line = [file, ...args].map(quoteWord).join(' ');
  if (line.length <= COMMAND_CHARACTERS_MAX) return line;
  return `${line.slice(0, COMMAND_CHARACTERS_MAX)}... (${args.length} arguments)`;
}

/** One word of a command line, in single quotes where a shell would split or change it. */
export function quoteWord(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

type Stdio = number | 'ignore' | 'pipe';

function spawnProgram(file: string, args: readonly string[], stdio: Stdio[]): ChildProcess {
  try {
    return spawn(file, [...args], { detached: false, shell: false, stdio, env: programEnvironment() });
  } catch (error) {
    throw startError(file, error);
  }
}

/** Messages in English and UTC times whatever the user's locale, and the sbin directories that users often lack. */
function programEnvironment(): Record<string, string> {
  const path = `${process.env['PATH'] ?? '/usr/bin:/bin'}:/usr/local/sbin:/usr/sbin:/sbin`;
  return { PATH: path, LC_ALL: 'C', TZ: 'UTC', HOME: process.env['HOME'] ?? '/' };
}

function watch(
  child: ChildProcess,
  file: string,
  signal?: AbortSignal,
  callerReads: 'nothing' | 'stdout' | 'stderr' = 'nothing',
): Promise<RunningProcess> {
  const stderr = new BoundedText();
  const ourStderr = callerReads === 'stderr' ? null : child.stderr;
  ourStderr?.on('data', (chunk: Buffer) => stderr.push(chunk));
  ourStderr?.on('error', () => undefined);
  let killTimer: NodeJS.Timeout | undefined;
  let ended = false;

  const kill = (name: NodeJS.Signals = 'SIGTERM'): void => {
    if (ended) return;
    child.kill(name);
    killTimer ??= setTimeout(() => child.kill('SIGKILL'), KILL_GRACE_MS);
  };
  const onAbort = (): void => kill();

  const exit = new Promise<ExitStatus>((resolve) => {
    child.once('exit', (exitCode, signalName) => {
      ended = true;
      clearTimeout(killTimer);
      signal?.removeEventListener('abort', onAbort);
      let graceTimer: NodeJS.Timeout | undefined;
      const finish = (): void => {
        clearTimeout(graceTimer);
        ourStderr?.destroy();
        if (callerReads === 'nothing') child.stdout?.destroy();
        resolve({ exitCode, signal: signalName, stderr: stderr.toString() });
      };
      const waitsForStdout = callerReads === 'nothing' && child.stdout !== null;
      graceTimer = setTimeout(finish, waitsForStdout ? STDOUT_GRACE_MS : STDERR_GRACE_MS);
      // 'close' waits for a caller that takes its time to read; how the program ended does not.
      if (callerReads === 'nothing') child.once('close', finish);
      else if (ourStderr === null || ourStderr.closed) finish();
      else ourStderr.once('close', finish);
    });
  });

  return new Promise((resolve, reject) => {
    // The listener stays for the life of the child: a failing kill() emits 'error' too, and must not end us.
    child.on('error', (error) => reject(startError(file, error)));
    child.once('spawn', () => {
      signal?.addEventListener('abort', onAbort, { once: true });
      if (signal?.aborted === true) kill();
      resolve({ pid: child.pid ?? -1, exit, kill, stderrText: () => stderr.toString() });
    });
  });
}

export function throwIfAborted(file: string, signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new ZwireError('INTERRUPTED', `${file} was ended: interrupted`, { cause: signal.reason });
}

function startError(file: string, error: unknown): ZwireError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  // Where a directory of PATH may not be searched, the C library says EACCES for a program that is nowhere.
  const onPath = !file.includes('/');
  if (code !== 'ENOENT' && !(code === 'EACCES' && onPath)) {
    const message = `cannot start ${file}: ${error instanceof Error ? error.message : String(error)}`;
    return new ZwireError('SYSTEM_CALL_FAILED', message, {
      fields: { program: file, errno: code },
      cause: error,
    });
  }
  const debianPackage = DEBIAN_PACKAGES[file];
  const hint =
    debianPackage === undefined
      ? `Install ${file}, or add its directory to PATH.`
      : `Install it: apt-get install ${debianPackage} (Debian: package ${debianPackage}), or add its directory to PATH.`;
  return new ZwireError(
    'PROGRAM_MISSING',
    `cannot start ${file}: ${code === 'EACCES' ? 'none on PATH may be run by this user' : 'there is no such program on PATH'}`,
    {
      fields: { program: file, ...(debianPackage === undefined ? {} : { debianPackage }) },
      hint,
      cause: error,
    },
  );
}
