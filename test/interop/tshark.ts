// tshark with the dissector of the built zwire, on captures that a test made. Each test file has a home of its own, so
// that a dissector which the user installed is not loaded as well.
import { type ChildProcessByStdio, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { encodePcapHeader, encodePcapRecord, PCAP_RECORD_BYTES } from '../../src/wire/pcap.ts';
import { ADMIN_ENV, ZWIRE } from '../netns/side.ts';

const OUTPUT_BYTES_MAX = 256 << 20;
const SNAP_BYTES = 262_144;
/** Between the values that a field has in one frame; none of ours contains it. */
const AGGREGATOR = '|';

export interface ReadOptions {
  /** Display filter. */
  readonly filter?: string;
  /** Preferences, as `-o` takes them. */
  readonly preferences?: readonly string[];
  /** Reads everything twice, as Wireshark does. */
  readonly twoPass?: boolean;
  /** The file ends in the middle of a frame: tshark says so and exits with 2. */
  readonly cut?: boolean;
}

/** What tests look at. One run of tshark gives all of it: starting it is most of what a look costs. */
const FIELDS = [
  'frame.number',
  'frame.len',
  'frame.cap_len',
  'ip.src',
  'ip.len',
  'ip.hdr_len',
  'ip.checksum.status',
  'udp.dstport',
  'udp.length',
  'udp.checksum.status',
  '_ws.expert.message',
  'json.key',
  'json.value.string',
  ...[
    'magic version type flags flags.repair flags.last parity_row payload_length transfer record segment segment_count',
    'record_length reserved counter stream segments payload fault first_frame announced_in from opened',
    'announce.suite announce.zero announce.key_id announce.salt announce.ephemeral_key announce.time',
    'announce.sealed_key announce.body',
    'join.nonce join.answer join.credit_limit join.window join.have join.code join.message',
    'status.state status.cumulative status.delivered status.highest status.credit_limit status.echo',
    'status.ring_drops status.bad_records status.entry_count status.entry.number status.entry.segments',
    'status.result.code status.result.text end.records end.bytes end.digest probe.time abort.code abort.message',
    'reassembled reassembled.segments reassembled.complete reassembled.length reassembled.data reassembled.opened',
    'v0.type v0.transfer v0.name v0.index v0.crc v0.data_length v0.data v0.previous_crc v0.seed_length',
  ].flatMap((names) => names.split(' ').map((name) => `zwire.${name}`)),
];

const FIELD_ARGUMENTS: readonly string[] = [
  '-T',
  'fields',
  '-E',
  'separator=/t',
  '-E',
  'occurrence=a',
  '-E',
  `aggregator=${AGGREGATOR}`,
  ...FIELDS.flatMap((name) => ['-e', name]),
];

/** Wireshark's own guess at ports 33434 and up, which a sender's port may be by chance. */
const isGuess = (remark: string): boolean => remark.startsWith('Possible traceroute');

/** One frame: the values that each field has in it. */
export class Row {
  readonly #line: string;
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(line: string) {
    this.#line = line;
    const cells = line.split('\t');
    this.#values = new Map(
      FIELDS.map((name, i) => {
        const cell = cells[i] ?? '';
        const values = cell === '' ? [] : cell.split(AGGREGATOR);
        return [name, values.filter((value) => !isGuess(value))];
      }),
    );
  }

  /** All values of a field, `zwire.` left out. */
  all(name: string): readonly string[] {
    const values = this.#values.get(name) ?? this.#values.get(`zwire.${name}`);
    if (values === undefined) throw new Error(`${name} is not among the fields that are read`);
    return values;
  }

  /** Its first value, '' when it has none. */
  one(name: string): string {
    return this.all(name)[0] ?? '';
  }

  has(name: string): boolean {
    return this.all(name).length > 0;
  }

  number(name: string): number {
    return Number(this.one(name) || Number.NaN);
  }

  toString(): string {
    return this.#line;
  }

  numbers(name: string): number[] {
    return this.all(name).map(Number);
  }
}

export class Tshark implements Disposable {
  readonly directory: string;
  readonly #script: string;

  constructor() {
    this.directory = mkdtempSync(join(tmpdir(), 'zwire-tshark-'));
    this.#script = join(this.directory, 'zwire.lua');
    execFileSync(process.execPath, [ZWIRE, 'dissector', '--output', this.#script]);
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** Frames as they come. */
  follow(options: ReadOptions = {}): Following {
    // Only -i takes what is there of a pipe; -r waits for more.
    const child = spawn('tshark', this.#argv(['-i', '-', '-l'], FIELD_ARGUMENTS, options), {
      env: this.#environment(),
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    return new Following(child);
  }

  /** Every frame of a capture, or those that the filter lets pass. */
  async read(capture: string, options: ReadOptions = {}): Promise<Row[]> {
    const text = await this.#run(capture, options);
    const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n');
    return lines.map((line) => new Row(line));
  }

  #argv(from: readonly string[], args: readonly string[], options: ReadOptions): string[] {
    const preferences = ['ip.check_checksum:TRUE', 'udp.check_checksum:TRUE', ...(options.preferences ?? [])];
    const argv = ['-X', `lua_script:${this.#script}`, ...from, ...args];
    for (const preference of preferences) argv.push('-o', preference);
    if (options.filter !== undefined) argv.push('-Y', options.filter);
    if (options.twoPass === true) argv.push('-2');
    return argv;
  }

  #environment(): NodeJS.ProcessEnv {
    return { ...ADMIN_ENV, HOME: this.directory, XDG_CONFIG_HOME: this.directory, LC_ALL: 'C.UTF-8' };
  }

  #run(capture: string, options: ReadOptions): Promise<string> {
    const argv = this.#argv(['-r', capture], FIELD_ARGUMENTS, options);
    const env = this.#environment();
    return new Promise((resolve, reject) => {
      execFile('tshark', argv, { env, maxBuffer: OUTPUT_BYTES_MAX }, (error, stdout, stderr) => {
        const said = stderr.replace(/^Running as user "root".*\n/m, '');
        const cut = options.cut === true && said.includes('cut short');
        // Whatever goes wrong in Lua shows up in the tree of the frame, not in the exit code.
        if ((error !== null && !cut) || /Lua Error/.test(stdout + said)) {
          reject(new Error(`tshark ${argv.join(' ')}: ${said}${stdout.match(/.*Lua Error.*/)?.[0] ?? ''}`));
        } else resolve(stdout);
      });
    });
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** A tshark that shows each frame when it is given it. */
export class Following implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;
  readonly #ended: Promise<unknown>;

  constructor(child: ChildProcessByStdio<Writable, Readable, null>) {
    this.#child = child;
    this.#ended = once(child, 'close');
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    child.stdin.write(encodePcapHeader(SNAP_BYTES));
  }

  async show(frame: Uint8Array): Promise<Row> {
    this.#child.stdin.write(recordOf(frame, 0));
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error('tshark has ended');
    return new Row(value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin.end();
    this.#child.kill();
    await this.#ended;
  }
}

/** Makes a capture of frames, a microsecond apart. */
export function writeCapture(path: string, frames: readonly Uint8Array[]): void {
  const pieces: Uint8Array[] = [encodePcapHeader(SNAP_BYTES)];
  for (const [i, frame] of frames.entries()) pieces.push(recordOf(frame, i * 1000));
  writeFileSync(path, Buffer.concat(pieces));
}

function recordOf(frame: Uint8Array, nanoseconds: number): Buffer {
  const head = new Uint8Array(PCAP_RECORD_BYTES);
  encodePcapRecord(new DataView(head.buffer), 0, 1_795_400_000, nanoseconds, frame.length, frame.length);
  return Buffer.concat([head, frame]);
}
