// A program that a test started: its events, output, exit and memory. Nothing here waits by sleeping:
// a test waits for an event, for a text on stderr, or for the exit.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Most bytes kept of one output stream of one program. */
const OUTPUT_BYTES_MAX = 512 * 1024 * 1024;

/** One JSON line of `--json`. */
export interface JsonEvent {
  readonly event: string;
  readonly [field: string]: unknown;
}

/** How a program ended. */
export interface Exit {
  /** Exit code; 128 + number for a signal, as a shell says it. */
  readonly code: number;
  readonly signal: NodeJS.Signals | null;
}

interface Waiter {
  readonly matches: (event: JsonEvent) => boolean;
  readonly resolve: (event: JsonEvent) => void;
  readonly reject: (error: Error) => void;
}

interface TextWaiter {
  readonly pattern: RegExp;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

const SIGNAL_NUMBERS: Readonly<Record<string, number>> = { SIGINT: 2, SIGKILL: 9, SIGTERM: 15, SIGSEGV: 11 };

export interface ProgramOptions {
  /** Descriptors or 'pipe' for standard input (default: none). */
  readonly stdin?: 'pipe' | 'ignore' | number;
  /** A descriptor to write standard output to instead of collecting it. */
  readonly stdout?: number;
  /** Where JSON lines are expected (default: stdout; stderr when standard output carries data). */
  readonly eventsOn?: 'stdout' | 'stderr';
  readonly env?: NodeJS.ProcessEnv;
  /** Whether to watch its memory (default true). */
  readonly sampleRss?: boolean;
}

/** A started program. Standard output and error are collected; JSON lines are parsed as they come. */
export class Program {
  readonly name: string;
  readonly exit: Promise<Exit>;
  readonly events: JsonEvent[] = [];
  #child: ChildProcess;
  #output: Buffer[] = [];
  #outputBytes = 0;
  #errors = '';
  #line = '';
  #ended: Exit | undefined;
  #waiters = new Set<Waiter>();
  #textWaiters = new Set<TextWaiter>();
  #peakRssBytes = 0;

  constructor(argv: readonly string[], options: ProgramOptions = {}) {
    const [file, ...args] = argv;
    if (file === undefined) throw new Error('no program given');
    this.name = argv.join(' ');
    const eventsOn = options.eventsOn ?? 'stdout';
    this.#child = spawn(file, args, {
      stdio: [options.stdin ?? 'ignore', options.stdout ?? 'pipe', 'pipe'],
      env: options.env ?? process.env,
    });
    this.#child.stdin?.on('error', () => undefined); // EPIPE: the exit code tells
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      this.#keep(chunk);
      if (eventsOn === 'stdout') this.#parse(chunk.toString());
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#errors += chunk.toString();
      if (eventsOn === 'stderr') this.#parse(chunk.toString());
      this.#matchText();
    });
    const sampler = options.sampleRss === false ? undefined : setInterval(() => this.#sampleRss(), 20);
    this.exit = new Promise((resolve, reject) => {
      this.#child.on('error', reject);
      this.#child.on('close', (code, signal) => {
        clearInterval(sampler);
        const ended = { code: code ?? 128 + (SIGNAL_NUMBERS[signal ?? ''] ?? 0), signal };
        this.#ended = ended;
        const error = new Error(`ended with ${ended.code} before what was waited for: ${this.describe()}`);
        for (const waiter of [...this.#waiters, ...this.#textWaiters]) waiter.reject(error);
        resolve(ended);
      });
    });
    this.exit.catch(() => clearInterval(sampler));
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`${this.name} did not start`);
    return this.#child.pid;
  }

  /** The writable end of its standard input, when started with stdin 'pipe'. */
  get stdin(): NodeJS.WritableStream {
    if (!this.#child.stdin) throw new Error(`${this.name} has no stdin pipe`);
    return this.#child.stdin;
  }

  get running(): boolean {
    return this.#ended === undefined;
  }

  /** Everything it wrote to standard output. */
  get stdout(): Buffer {
    return Buffer.concat(this.#output);
  }

  get stderr(): string {
    return this.#errors;
  }

  /** Highest VmHWM seen, bytes. The kernel's mark never falls, so sampling misses at most the last 20 ms. */
  get peakRssBytes(): number {
    this.#sampleRss();
    return this.#peakRssBytes;
  }

  /** The first event of that name (and matching), past or future. Rejects when the program ends without it. */
  event(name: string, matches: (event: JsonEvent) => boolean = () => true): Promise<JsonEvent> {
    const wanted = (event: JsonEvent): boolean => event.event === name && matches(event);
    const past = this.events.find(wanted);
    if (past) return Promise.resolve(past);
    if (this.#ended)
      return Promise.reject(new Error(`ended without the event '${name}': ${this.describe()}`));
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        matches: wanted,
        resolve: (event) => {
          this.#waiters.delete(waiter);
          resolve(event);
        },
        reject,
      };
      this.#waiters.add(waiter);
    });
  }

  /** Resolves when standard error matches `pattern`. */
  textOnStderr(pattern: RegExp): Promise<void> {
    if (pattern.test(this.#errors)) return Promise.resolve();
    if (this.#ended) return Promise.reject(new Error(`ended without ${pattern}: ${this.describe()}`));
    return new Promise((resolve, reject) => this.#textWaiters.add({ pattern, resolve, reject }));
  }

  /** Every event of that name so far. */
  eventsNamed(name: string): JsonEvent[] {
    return this.events.filter((event) => event.event === name);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** For the message of a failed test: the command, what it said, and its last events. */
  describe(): string {
    const events = this.events.slice(-6).map((event) => JSON.stringify(event));
    return [`$ ${this.name}`, this.#errors.slice(-2000), ...events].join('\n');
  }

  #keep(chunk: Buffer): void {
    this.#outputBytes += chunk.length;
    if (this.#outputBytes > OUTPUT_BYTES_MAX)
      throw new Error(`${this.name} wrote over ${OUTPUT_BYTES_MAX} bytes`);
    this.#output.push(chunk);
  }

  #parse(text: string): void {
    const lines = (this.#line + text).split('\n');
    this.#line = lines.pop() ?? '';
    for (const line of lines) {
      const event = parseEvent(line);
      if (!event) continue;
      this.events.push(event);
      for (const waiter of this.#waiters) if (waiter.matches(event)) waiter.resolve(event);
    }
  }

  #matchText(): void {
    for (const waiter of this.#textWaiters) {
      if (!waiter.pattern.test(this.#errors)) continue;
      this.#textWaiters.delete(waiter);
      waiter.resolve();
    }
  }

  #sampleRss(): void {
    if (this.#ended || this.#child.pid === undefined) return;
    try {
      const status = readFileSync(`/proc/${this.#child.pid}/status`, 'latin1');
      const kib = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
      if (kib !== undefined) this.#peakRssBytes = Math.max(this.#peakRssBytes, Number(kib) * 1024);
    } catch {
      return; // it has just ended
    }
  }
}

const isEvent = (value: unknown): value is JsonEvent =>
  typeof value === 'object' && value !== null && 'event' in value && typeof value.event === 'string';

function parseEvent(line: string): JsonEvent | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return isEvent(value) ? value : undefined;
  } catch {
    return undefined; // not JSON: a line for people
  }
}
