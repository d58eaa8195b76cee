// The two test programs that touch raw frames, started inside a lab: frames.mjs and relay.mjs.
import { fileURLToPath } from 'node:url';
import type { Lab } from './lab.ts';
import type { JsonEvent, Program } from './program.ts';
import type { Side } from './side.ts';

const FRAMES = fileURLToPath(new URL('frames.mjs', import.meta.url));
const RELAY = fileURLToPath(new URL('relay.mjs', import.meta.url));

/** What a relay does to which frames; relay.mjs explains each field. */
export interface RelayRule {
  readonly from: 'left' | 'right';
  readonly types?: readonly number[];
  readonly every?: number;
  readonly after?: number;
  readonly until?: number;
  readonly by?: number;
  readonly action: 'drop' | 'duplicate' | 'hold' | 'damage' | 'spoil' | 'cut';
}

/** Puts frames on the wire at `side`, in order. */
export async function sendFrames(side: Side, frames: readonly Uint8Array[]): Promise<void> {
  const lines = frames.map((frame) => Buffer.from(frame).toString('hex'));
  await side.run([process.execPath, FRAMES, 'send', side.interface], `${lines.join('\n')}\n`);
}

/** Frames for a UDP port that a side has seen. */
export interface Capture {
  /** Resolves with all frames so far as soon as `count` are there; `last` may name one to wait for instead. */
  take(count: number, last?: (frame: Buffer) => boolean): Promise<Buffer[]>;
  /** Looks no longer: what follows is much, or is measured. */
  stop(): void;
}

/** Collects the frames that reach `side` for a UDP port, from now on, until the lab closes. */
export async function sniff(side: Side, port: number): Promise<Capture> {
  const program = side.start([process.execPath, FRAMES, 'sniff', side.interface, String(port)]);
  await program.event('listening');
  const frame = (event: JsonEvent): Buffer => Buffer.from(String(event['hex']), 'hex');
  return {
    async take(count, last = (): boolean => true): Promise<Buffer[]> {
      const enough = (event: JsonEvent): boolean =>
        program.eventsNamed('frame').length >= count && last(frame(event));
      await program.event('frame', enough);
      return program.eventsNamed('frame').map(frame);
    },
    stop: () => program.signal('SIGKILL'),
  };
}

/** Starts the relay of a lab that was opened with middle 'relay'; side a is its left. Resolves when it relays. */
export async function startRelay(lab: Lab, rules: readonly RelayRule[]): Promise<Program> {
  await lab.withoutOffloads();
  const relay = lab.middle.start([process.execPath, RELAY, 'vma', 'vmb', JSON.stringify(rules)]);
  await relay.event('relaying');
  return relay;
}

/** How often the relay has done `action` by its last report. */
export function treated(relay: Program, action: RelayRule['action']): number {
  return Number(relay.eventsNamed('treated').at(-1)?.[action] ?? 0);
}
