// One network namespace of a lab: a holder process keeps it, nsenter enters it.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { delimiter } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Program, type ProgramOptions } from './program.ts';

/** The built command line, as a user runs it. */
export const ZWIRE: string = fileURLToPath(new URL('../../bin/zwire.mjs', import.meta.url));

/** PATH with the administrator's directories, which a user's often lacks. */
export const ADMIN_ENV: NodeJS.ProcessEnv = {
  ...process.env,
  PATH: [process.env['PATH'] ?? '', '/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin'].join(
    delimiter,
  ),
};

export interface RunOptions extends ProgramOptions {
  /** Capabilities to run without, setpriv's names ('net_raw'). */
  readonly without?: readonly string[];
}

/** A namespace. It and its interfaces end with the holder, which ends when its standard input closes. */
export class Side {
  readonly interface: string;
  readonly ip: string;
  readonly mac: string;
  readonly programs: Program[] = [];
  #holder: ChildProcess;
  #enter: readonly string[];
  #ended: Promise<void>;

  private constructor(holder: ChildProcess, enter: readonly string[], address: SideAddress) {
    this.#holder = holder;
    this.#enter = enter;
    this.interface = address.interface;
    this.ip = address.ip;
    this.mac = address.mac;
    this.#ended = new Promise((resolve) => holder.once('exit', () => resolve()));
  }

  /**
   * Starts the holder. `userNamespaceOf`: 'none' (we are root), 'own' (make one), or the side whose user
   * namespace to join. Rejects with what unshare said.
   */
  static async open(address: SideAddress, userNamespaceOf: 'none' | 'own' | Side): Promise<Side> {
    const join = userNamespaceOf instanceof Side ? [...userNamespaceOf.#enter, '--'] : [];
    const user = userNamespaceOf === 'own' ? ['-U', '-r'] : [];
    const argv = [...join, 'unshare', ...user, '-n', '-m', 'sh', '-c', 'echo ready; exec cat'];
    const holder = spawn(argv[0] ?? '', argv.slice(1), { stdio: ['pipe', 'pipe', 'pipe'], env: ADMIN_ENV });
    let errors = '';
    holder.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    holder.stdin.on('error', () => undefined);
    await new Promise<void>((resolve, reject) => {
      holder.stdout.once('data', () => resolve());
      holder.once('error', reject);
      holder.once('exit', (code) => reject(new Error(`no namespace (exit ${code}): ${errors}`)));
    });
    const userFlags = userNamespaceOf === 'none' ? [] : ['-U', '--preserve-credentials'];
    return new Side(holder, ['nsenter', '-t', String(holder.pid), ...userFlags, '-n', '-m'], address);
  }

  /** Process id of the holder, by which `ip link ... netns` names this namespace. */
  get holderPid(): number {
    if (this.#holder.pid === undefined) throw new Error('the holder has no process');
    return this.#holder.pid;
  }

  /** argv that runs `argv` in here, dying with the process that starts it. */
  argv(argv: readonly string[], without: readonly string[] = []): string[] {
    const drop = without.map((name) => `-${name}`).join(',');
    const limits = drop === '' ? [] : [`--bounding-set=${drop}`, `--inh-caps=${drop}`];
    return [...this.#enter, 'setpriv', '--pdeathsig', 'KILL', ...limits, ...argv];
  }

  /** Starts a program in here and registers it for the lab's end. */
  start(argv: readonly string[], options: RunOptions = {}): Program {
    const program = new Program(this.argv(argv, options.without), { env: ADMIN_ENV, ...options });
    this.programs.push(program);
    return program;
  }

  /** Starts the built zwire in here, on the Node that runs the test. */
  zwire(args: readonly string[], options: RunOptions = {}): Program {
    return this.start([process.execPath, ZWIRE, ...args], options);
  }

  /** Runs a short command to its end and returns its standard output; throws with its stderr when it fails. */
  run(argv: readonly string[], input?: string): Promise<string> {
    const [file, ...args] = this.argv(argv);
    return new Promise((resolve, reject) => {
      const child = execFile(file ?? '', args, { env: ADMIN_ENV }, (error, stdout, stderr) => {
        if (error) reject(new Error(`${argv.join(' ')}: ${stderr || error.message}`, { cause: error }));
        else resolve(stdout);
      });
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(input ?? '');
    });
  }

  /** How many times something asked for this interface to be promiscuous. */
  async promiscuity(): Promise<number> {
    const links: unknown = JSON.parse(
      await this.run(['ip', '-d', '-j', 'link', 'show', 'dev', this.interface]),
    );
    const link: unknown = Array.isArray(links) ? links[0] : undefined;
    if (typeof link === 'object' && link !== null && 'promiscuity' in link) return Number(link.promiscuity);
    throw new Error(`ip says nothing of the promiscuity of ${this.interface}`);
  }

  /** Command lines of the processes that live in this namespace, its holder left out. */
  processes(): string[] {
    const namespace = readlinkSync(`/proc/${this.holderPid}/ns/net`);
    const found: string[] = [];
    for (const pid of readdirSync('/proc')) {
      if (!/^\d+$/.test(pid) || Number(pid) === this.holderPid) continue;
      try {
        if (readlinkSync(`/proc/${pid}/ns/net`) !== namespace) continue;
        found.push(`${pid}: ${readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ')}`);
      } catch {
        continue; // ended meanwhile, or not ours to look at
      }
    }
    return found;
  }

  /** Ends every program that was started in here, and the namespace. */
  async close(): Promise<void> {
    for (const program of this.programs) {
      if (!program.running) continue;
      program.signal('SIGCONT');
      program.signal('SIGKILL');
    }
    await Promise.allSettled(this.programs.map((program) => program.exit));
    this.#holder.stdin?.end();
    this.#holder.kill('SIGKILL');
    await this.#ended;
  }
}

export interface SideAddress {
  readonly interface: string;
  readonly ip: string;
  readonly mac: string;
}
