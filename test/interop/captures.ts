// Captures with `zwire capture`, on one side or both, while something is sent.
import type { JsonEvent, Program } from '../netns/program.ts';
import { expectExit, type Scene } from '../netns/scene.ts';
import type { Side } from '../netns/side.ts';

export interface RunningCapture {
  readonly path: string;
  /** Ends it in good order and gives its last event. */
  stop(): Promise<JsonEvent>;
}

/** Starts a capture; resolves when it sees every frame from then on. */
export async function startCapture(
  side: Side,
  path: string,
  flags: readonly string[] = [],
): Promise<RunningCapture> {
  const args = ['capture', '--interface', side.interface, '-w', path, '--json', ...flags];
  const program: Program = side.zwire(args);
  await program.event('capturing');
  return {
    path,
    stop: async () => {
      program.signal('SIGINT');
      await expectExit(program, 0);
      return program.event('captured');
    },
  };
}

export interface Captured {
  /** What each side saw. */
  readonly a: string;
  readonly b: string;
  readonly sent: JsonEvent;
  readonly received: JsonEvent;
  readonly content: Buffer;
}

export interface TransferOptions {
  readonly bytes: number;
  readonly receiveFlags?: readonly string[];
  readonly sendFlags?: readonly string[];
}

/** Sends one file, captured on both sides. */
export async function capturedTransfer(scene: Scene, options: TransferOptions): Promise<Captured> {
  const { path, content } = scene.source(options.bytes);
  const a = await startCapture(scene.lab.a, `${scene.directory}/a.pcap`);
  const b = await startCapture(scene.lab.b, `${scene.directory}/b.pcap`);
  const receiver = await scene.receive(['--file', scene.target(), '--once', ...(options.receiveFlags ?? [])]);
  const sender = scene.send(['--file', path, ...(options.sendFlags ?? [])]);
  await expectExit(sender, 0);
  await expectExit(receiver, 0);
  await a.stop();
  await b.stop();
  const [sent, received] = await Promise.all([sender.event('finished'), receiver.event('finished')]);
  return { a: a.path, b: b.path, sent, received, content };
}
