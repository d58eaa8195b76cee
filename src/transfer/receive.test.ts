// receive() with its real workers (of the built program), and a sender that this test plays: whatever ends it, no sink
// is left open.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ANNOUNCEMENT, announceOpen } from '../../test/announced.ts';
import { encodeAbort } from '../wire/abort.ts';
import { ANNOUNCE_CLEAR_BYTES, encodeAnnouncement } from '../wire/announce.ts';
import { MessageType, SEGMENT_HEADER_BYTES } from '../wire/segment.ts';
import type { ControlChannel } from './control-channel.ts';
import { receive } from './receive.ts';
import type { Sink, SinkPolicy } from './sink.ts';

const workers: Worker[] = [];
const onWorker = (worker: Worker): void => void workers.push(worker);
beforeEach(() => void process.on('worker', onWorker));
afterEach(async () => {
  process.off('worker', onWorker);
  await Promise.all(workers.splice(0).map((worker) => worker.terminate()));
});

/** A policy whose sinks take what they get, and are asked how they ended. */
class Sinks implements SinkPolicy {
  readonly ends: string[] = [];
  decided = 0;
  /** Cleaning up takes as long as this. */
  cleaned: Promise<void> = Promise.resolve();

  async decide(): Promise<Sink> {
    this.decided++;
    const fd = openSync('/dev/null', 'w');
    const end = (how: string): void => {
      this.ends.push(how);
      closeSync(fd);
    };
    return {
      fd,
      target: '/dev/null',
      mayStall: false,
      commit: async () => {
        end('commit');
        return { target: '/dev/null' };
      },
      abort: async () => {
        await this.cleaned;
        end('abort');
        return undefined;
      },
    };
  }
}

/** Says its announcement until the receiver answers, or has ended; the channel goes on from there. */
async function announce(
  socket: Socket,
  { port, ended }: Pick<Receiving, 'port' | 'ended'>,
  id: number,
): Promise<ControlChannel> {
  const { channel, segment } = announceOpen(ANNOUNCEMENT, id);
  // What opens it is in front of it, and stays the same.
  const clear = segment.slice(SEGMENT_HEADER_BYTES, SEGMENT_HEADER_BYTES + ANNOUNCE_CLEAR_BYTES);
  const answered = once(socket, 'message');
  socket.send(segment, port, '127.0.0.1');
  const again = setInterval(() => {
    const next = channel.write(MessageType.announce, encodeAnnouncement(ANNOUNCEMENT), clear);
    socket.send(next, port, '127.0.0.1');
  }, 20);
  await Promise.race([answered, ended]);
  clearInterval(again);
  return channel;
}

interface Receiving {
  readonly port: number;
  readonly ended: Promise<unknown>;
  readonly accepted: Promise<void>;
  readonly finished: Promise<void>;
}

async function start(
  sink: SinkPolicy,
  signal: AbortSignal,
  isOnce = false,
  onEvent: (event: string) => void = () => undefined,
): Promise<Receiving> {
  const probe = createSocket('udp4').bind(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  let onListening = (): void => undefined;
  let onAccepted = (): void => undefined;
  let onFinished = (): void => undefined;
  const listening = new Promise<void>((resolve) => (onListening = resolve));
  const accepted = new Promise<void>((resolve) => (onAccepted = resolve));
  const finished = new Promise<void>((resolve) => (onFinished = resolve));
  const ended = receive({
    link: { kind: 'udp', port, host: '127.0.0.1' },
    wire: 'v1',
    sink,
    once: isOnce,
    timeoutMs: 60_000,
    maxTransfers: 4,
    poolBytes: 1 << 20,
    insecure: true,
    signal,
    onEvent: ({ event }) => {
      if (event === 'listening') onListening();
      if (event === 'accepted') onAccepted();
      if (event === 'finished') onFinished();
      onEvent(event);
    },
  }).catch((error: unknown) => error);
  await listening;
  return { port, ended, accepted, finished };
}

test('a receiving thread that dies leaves no sink open', async () => {
  const sinks = new Sinks();
  const { port, ended, accepted } = await start(sinks, new AbortController().signal);
  await using socket = createSocket('udp4');
  await announce(socket, { port, ended }, 1);
  await accepted;
  await workers[0]?.terminate();
  expect(await ended).toMatchObject({ code: 'SYSTEM_CALL_FAILED' });
  expect(sinks.ends).toEqual(['abort']);
});

test('a transfer that is announced while an interruption cleans up is not begun', async () => {
  const sinks = new Sinks();
  let clean = (): void => undefined;
  sinks.cleaned = new Promise((resolve) => (clean = resolve));
  const interruption = new AbortController();
  const { port, ended, accepted } = await start(sinks, interruption.signal);
  await using first = createSocket('udp4');
  await announce(first, { port, ended }, 1);
  await accepted;
  interruption.abort();
  await using second = createSocket('udp4');
  await announce(second, { port, ended }, 2);
  await setImmediate();
  clean();
  expect(await ended).toMatchObject({ code: 'INTERRUPTED' });
  expect(sinks.ends).toEqual(['abort']);
  expect(sinks.decided).toBe(1);
});

test('a receiver that ends with its first transfer begins no second while it tells how the first ended', async () => {
  const sinks = new Sinks();
  const { port, ended, accepted, finished } = await start(sinks, new AbortController().signal, true);
  await using first = createSocket('udp4');
  const channel = await announce(first, { port, ended }, 1);
  await accepted;
  const abort = encodeAbort({ code: 'SOURCE_FAILED', message: 'the source is gone' });
  first.send(channel.write(MessageType.abort, abort), port, '127.0.0.1');
  await finished;
  await using second = createSocket('udp4');
  await announce(second, { port, ended }, 2);
  expect(await ended).toMatchObject({ code: 'PEER_ABORTED' });
  expect(sinks.decided).toBe(1);
  expect(sinks.ends).toEqual(['abort']);
});

test.each(['announced', 'accepted', 'finished'])(
  'what the listener throws when it is told %s ends the receiver, and is thrown',
  async (name) => {
    const sinks = new Sinks();
    const { port, ended } = await start(sinks, new AbortController().signal, false, (event) => {
      if (event === name) throw new RangeError('of the listener');
    });
    await using socket = createSocket('udp4');
    const channel = await announce(socket, { port, ended }, 1);
    const abort = encodeAbort({ code: 'SOURCE_FAILED', message: 'the source is gone' });
    socket.send(channel.write(MessageType.abort, abort), port, '127.0.0.1');
    expect(await ended).toEqual(new RangeError('of the listener'));
    // However far it came, what was opened is ended.
    expect(sinks.ends).toEqual(Array.from({ length: sinks.decided }, () => 'abort'));
  },
);
