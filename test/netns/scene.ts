// A lab with a directory of files and zwire on both sides: what every end-to-end test starts from.
import { randomFillSync } from 'node:crypto';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { Lab, type LabOptions } from './lab.ts';
import type { JsonEvent, Program } from './program.ts';
import type { RunOptions } from './side.ts';

export type LinkKind = 'raw' | 'udp';

/** Flags that choose the link, for the receiver on side b and the sender on side a. */
export const LINK_FLAGS: Readonly<Record<LinkKind, { receive: readonly string[]; send: readonly string[] }>> =
  {
    raw: { receive: ['--interface', 'vzb'], send: ['--interface', 'vza', '--destination-ip', '198.18.0.2'] },
    udp: { receive: ['--listen', '198.18.0.2'], send: ['--to', '198.18.0.2'] },
  };

/** Directories of scenes that are open: a test that hangs is never closed, so they go with the process. */
const openDirectories = new Set<string>();
process.on('exit', () => {
  for (const directory of openDirectories) rmSync(directory, { recursive: true, force: true });
});

/** Every file that a test expects is under `inbox`; what a sender reads is elsewhere. */
export class Scene implements AsyncDisposable {
  readonly lab: Lab;
  readonly link: LinkKind;
  readonly directory: string;
  readonly inbox: string;

  private constructor(lab: Lab, link: LinkKind, directory: string) {
    this.lab = lab;
    this.link = link;
    this.directory = directory;
    openDirectories.add(directory);
    this.inbox = mkdtempSync(join(directory, 'inbox-'));
  }

  static async open(link: LinkKind, options: LabOptions = {}): Promise<Scene> {
    const lab = await Lab.open(options);
    return new Scene(lab, link, mkdtempSync(join(tmpdir(), 'zwire-test-')));
  }

  /** A file of random bytes to send. */
  source(bytes: number, name = 'source'): { path: string; content: Buffer } {
    const content = randomFillSync(Buffer.alloc(bytes));
    const path = join(this.directory, name);
    writeFileSync(path, content);
    return { path, content };
  }

  /** A path in the inbox. */
  target(name = 'out'): string {
    return join(this.inbox, name);
  }

  /** Starts `zwire receive` on side b and resolves when it listens. */
  async receive(args: readonly string[], options: RunOptions = {}): Promise<Program> {
    const receiver = this.startReceive(args, options);
    await receiver.event('listening');
    return receiver;
  }

  /** Starts `zwire receive` on side b, for tests where it may refuse to listen. */
  startReceive(args: readonly string[], options: RunOptions = {}): Program {
    return this.lab.b.zwire(this.receiveArgs(args), options);
  }

  /** Starts `zwire send` on side a. */
  send(args: readonly string[], options: RunOptions = {}): Program {
    return this.lab.a.zwire(this.sendArgs(args), options);
  }

  /** What `zwire` is given on side b, and on side a: for tests that start it from a shell. */
  receiveArgs(args: readonly string[]): string[] {
    return ['receive', ...LINK_FLAGS[this.link].receive, ...args, '--json'];
  }

  sendArgs(args: readonly string[]): string[] {
    return ['send', ...LINK_FLAGS[this.link].send, ...args, '--json'];
  }

  /**
   * A transfer that is under way for as long as the test wants: the sender reads a pipe that the test feeds.
   * Resolves when the receiver has accepted it and `firstBytes` of it were sent.
   */
  async openTransfer(
    receiver: Program,
    args: readonly string[] = [],
    firstBytes = 4 << 20,
  ): Promise<{ sender: Program; first: Buffer }> {
    const sender = this.send(['--file', '-', ...args], { stdin: 'pipe' });
    const already = receiver.eventsNamed('accepted').length;
    const first = randomFillSync(Buffer.alloc(firstBytes));
    await write(sender, first);
    await receiver.event('accepted', () => receiver.eventsNamed('accepted').length > already);
    return { sender, first };
  }

  /** Names in the inbox, hidden ones included. */
  inboxNames(): string[] {
    return readdirSync(this.inbox).sort();
  }

  /** Nothing outlives the two programs: no process, no promiscuous interface, and in the inbox only `names`. */
  async expectNothingLeft(names: readonly string[] = []): Promise<void> {
    expect(this.lab.processes()).toEqual([]);
    expect(await this.lab.a.promiscuity()).toBe(0);
    expect(await this.lab.b.promiscuity()).toBe(0);
    expect(this.inboxNames()).toEqual([...names].sort());
  }

  async close(): Promise<void> {
    await this.lab.close();
    openDirectories.delete(this.directory);
    rmSync(this.directory, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Writes to a program's standard input and resolves when the pipe has taken all of it. */
export function write(program: Program, content: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) =>
    program.stdin.write(content, (error) => (error ? reject(error) : resolve())),
  );
}

/** Waits for the end and compares the exit code; what the program said is in the failure. */
export async function expectExit(program: Program, code: number): Promise<void> {
  const exit = await program.exit;
  if (exit.code !== code) throw new Error(`exit code ${exit.code}, expected ${code}: ${program.describe()}`);
}

/** Compares a file with what was sent, without printing megabytes when they differ. */
export function expectSame(path: string, content: Uint8Array): void {
  expectSameBytes(readFileSync(path), content, path);
}

export function expectSameBytes(got: Buffer, content: Uint8Array, name: string): void {
  expect(got.length, `size of ${name}`).toBe(content.length);
  if (got.equals(content)) return;
  const at = got.findIndex((byte, i) => byte !== content[i]);
  throw new Error(`${name} differs from what was sent, first at byte ${at} of ${content.length}`);
}

/** Whether a path exists, of any type; a dangling link exists. */
export function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** A numeric field of an event; fails when there is none. */
export function numberOf(event: JsonEvent, field: string): number {
  const value = event[field];
  if (typeof value !== 'number') throw new Error(`no number '${field}' in ${JSON.stringify(event)}`);
  return value;
}

/** The error that a program ended with: its `error` event, or that of its last `finished` event. */
export function failure(program: Program): { code: string; message: string; hint: string } {
  const event = program.eventsNamed('error').at(-1) ?? program.eventsNamed('finished').at(-1)?.['error'];
  const field = (name: string): string =>
    typeof event === 'object' && event !== null ? String(Reflect.get(event, name) ?? '') : '';
  return { code: field('code'), message: field('message'), hint: field('hint') };
}
