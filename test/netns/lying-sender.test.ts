// A sender that is let in and lies: what it announced is checked against the stream itself, before and while
// `zfs receive` runs. A program in the place of `zfs` keeps what it was given, and whether it was let come to its end.
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { StreamWriter } from '../../src/stream/stream-writer.ts';
import { writeProgram } from '../fake-zfs.ts';
import type { Program } from './program.ts';
import { Scene } from './scene.ts';

const LIAR = fileURLToPath(new URL('../zfs/guest/liar.mjs', import.meta.url));
const LIBRARY = new URL('../../dist/index.js', import.meta.url).href;
const GUID = 22n;

const truth = {
  name: 'tank/data',
  toSnapshot: { name: 'tank/data@tue', guid: String(GUID) },
};

/** As `zfs list`, `receive` and `receive -A` would answer on a host with an empty pool `backup`. */
function fakeZfs(directory: string): string {
  const kept = join(directory, 'kept');
  mkdirSync(kept);
  const bin = join(directory, 'bin');
  mkdirSync(bin);
  writeProgram(
    bin,
    'zfs',
    `for last; do :; done
     [ "$1" = version ] && printf 'zfs-2.3.1\\nzfs-kmod-2.3.1\\n' && exit 0
     if [ "$1" = receive ]; then
       [ "$2" = -A ] && exit 0
       cat >'${kept}/stream' && mv '${kept}/stream' '${kept}/committed'
       exit 0
     fi
     case "$last" in
       backup) printf 'backup\\tfilesystem\\t1\\t1\\t-\\n' ;;
       *@tue) [ -f '${kept}/committed' ] && printf '%s\\t${GUID}\\t9\\n' "$last" && exit 0
         echo "cannot open '$last': dataset does not exist" >&2; exit 1 ;;
       *) echo "cannot open '$last': dataset does not exist" >&2; exit 1 ;;
     esac`,
  );
  return bin;
}

/** 8 MiB of blocks: enough to be under way for a while. */
function stream(begin: { toName?: string; toGuid?: bigint; fromGuid?: bigint } = {}): Buffer {
  const writer = new StreamWriter();
  const pieces = [writer.begin({ toName: 'tank/data@tue', toGuid: GUID, objsetType: 2, ...begin })];
  const block = new Uint8Array(131_072).fill(0x5a);
  for (let n = 0; n < 64; n += 1) {
    pieces.push(
      writer.record('WRITE', { object: 2n, offset: BigInt(n) * 131_072n, logicalBytes: 131_072n }, block),
    );
  }
  return Buffer.concat([...pieces, writer.end(begin.toGuid ?? GUID)]);
}

interface Outcome {
  readonly code: string;
  /** Bytes that `zfs receive` was given. */
  readonly given: number;
  readonly committed: boolean;
}

/** One receiver for all that a liar tries: it must come through every one of them. */
class Stage implements AsyncDisposable {
  readonly scene: Scene;
  readonly receiver: Program;

  private constructor(scene: Scene, receiver: Program) {
    this.scene = scene;
    this.receiver = receiver;
  }

  static async open(): Promise<Stage> {
    const scene = await Scene.open('udp');
    const env = { ...process.env, PATH: `${fakeZfs(scene.directory)}${delimiter}${process.env['PATH']}` };
    return new Stage(scene, await scene.receive(['--into', 'backup', '--insecure'], { env }));
  }

  kept(name: 'stream' | 'committed'): string {
    return join(this.scene.directory, 'kept', name);
  }

  async send(content: Buffer, announcement: object = truth): Promise<Outcome> {
    for (const name of ['stream', 'committed'] as const) rmSync(this.kept(name), { force: true });
    const path = join(this.scene.directory, 'lie');
    writeFileSync(path, content);
    const request = { announcement, path, host: this.scene.lab.b.ip, port: 1337 };
    const liar = this.scene.lab.a.start([process.execPath, LIAR, LIBRARY, JSON.stringify(request)]);
    const { code } = await liar.event('ended');
    const committed = existsSync(this.kept('committed'));
    const file = this.kept(committed ? 'committed' : 'stream');
    return { code: String(code), committed, given: existsSync(file) ? statSync(file).size : 0 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.scene.close();
  }
}

test('a sender that sends what it did not announce gives nothing to zfs receive', async () => {
  const lies: readonly (readonly [what: string, content: Buffer, announcement: object])[] = [
    ['another snapshot', stream({ toName: 'tank/data@wed' }), truth],
    ['a name above the target', stream({ toName: 'tank/../data@tue' }), truth],
    ['another guid', stream({ toGuid: 23n }), truth],
    ['an increment', stream({ fromGuid: 11n }), truth],
    ['one snapshot, announced as a tree', stream(), { ...truth, recursive: true }],
    ['a filesystem, announced as a volume', stream(), { ...truth, features: ['volume'] }],
    ['no stream at all', Buffer.alloc(1 << 20, 7), truth],
  ];
  await using stage = await Stage.open();
  for (const [what, content, announcement] of lies) {
    const { code, ...rest } = await stage.send(content, announcement);
    expect(code, what).toMatch(/^(?:STREAM_|NAME_INVALID)/);
    expect(rest, what).toEqual({ given: 0, committed: false });
  }
  expect(stage.receiver.eventsNamed('finished')).toHaveLength(lies.length);

  const content = stream();
  expect(await stage.send(content)).toEqual({ code: 'OK', committed: true, given: content.length });
  expect(readFileSync(stage.kept('committed')).equals(content)).toBe(true);
}, 120_000);

test('a stream that is cut, spliced or goes on behind its end never comes to its end', async () => {
  const whole = stream();
  const other = stream({ toGuid: 23n });
  const lies: [Buffer, number][] = [
    [whole.subarray(0, -312), whole.length - 312],
    [Buffer.concat([whole, Buffer.from('more')]), whole.length - 312],
    [Buffer.concat([whole.subarray(0, 5_000_000), other.subarray(5_000_000)]), whole.length - 312],
  ];
  await using stage = await Stage.open();
  for (const [content, most] of lies) {
    const { code, given, committed } = await stage.send(content);
    expect(code).toMatch(/^STREAM_/);
    expect(committed).toBe(false);
    expect(given).toBeLessThanOrEqual(most);
  }
}, 120_000);

test('names that mean more than a place are refused before zfs receive is started', async () => {
  await using stage = await Stage.open();
  for (const name of ['tank/../../etc', 'tank/data@now', '-o/x', 'tank//x', '/tank/x', 'tank/a%recv']) {
    const outcome = await stage.send(Buffer.alloc(1000), { ...truth, name });
    expect(outcome, name).toEqual({ code: 'REFUSED', given: 0, committed: false });
  }
  const refusals = stage.receiver.eventsNamed('refused').map((event) => event['code']);
  expect(refusals).toEqual(Array.from({ length: 6 }, () => 'NAME_INVALID'));
  expect(stage.receiver.running).toBe(true);
}, 120_000);
