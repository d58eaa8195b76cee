import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { MessageChannel } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { ANNOUNCEMENT, announceOpen } from '../../test/announced.ts';
import { MailReceiver, MailSender } from './mailbox.ts';
import { openReceiverLink, openSenderLink } from './open-link.ts';
import { ReceiverLoop } from './receiver-loop.ts';
import { SlotPool } from './slot-pool.ts';
import type { ReceiverData, ReceiverMail, ReceiverMessage } from './worker-message.ts';

async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

/** The segment that announces transfer number `index`. */
function announcementOf(index: number): Uint8Array {
  const { channel, segment } = announceOpen(ANNOUNCEMENT, index);
  channel[Symbol.dispose]();
  return segment;
}

function damaged(segment: Uint8Array): Uint8Array {
  const copy = segment.slice();
  const last = copy.length - 1;
  copy[last] = (copy[last] ?? 0) ^ 1;
  return copy;
}

/** Runs the loop until it has seen these segments; returns what it told the main thread. */
async function run(segments: readonly Uint8Array[], maxTransfers: number): Promise<ReceiverMessage[]> {
  const port = await freePort();
  const mail = new MailSender<ReceiverMail>();
  const { port1, port2 } = new MessageChannel();
  mail.attach(port1);
  const data: ReceiverData = {
    link: { kind: 'udp', port, host: '127.0.0.1' },
    timeoutMs: 1000,
    maxTransfers,
    poolBytes: 8 << 20,
    mail: mail.shared,
  };
  using receiver = openReceiverLink(data.link);
  using sender = openSenderLink({ ...data.link, gso: 'off' });
  using batch = sender.createFrameBatch(64, 2048);
  for (const segment of segments) batch.add(segment.byteLength).set(segment);
  batch.flush();
  const { inbound } = receiver;
  const release = inbound.release.bind(inbound);
  let left = segments.length;
  inbound.release = (): void => {
    release();
    if (--left === 0) mail.post({ kind: 'stop' });
  };
  const messages: ReceiverMessage[] = [];
  const pool = new SlotPool(data.poolBytes);
  const loop = new ReceiverLoop(data, receiver, pool, new MailReceiver(data.mail, port2), (message) =>
    messages.push(message),
  );
  loop.run();
  pool[Symbol.dispose]();
  port1.close();
  return messages;
}

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** What this process has mapped, bytes: what lies outside the garbage collector's reach and is never given back adds up. */
function mappedBytes(): number {
  collectGarbage();
  return Number(readFileSync('/proc/self/statm', 'latin1').split(' ')[0]) * 4096;
}

describe('announcements', () => {
  test('of as many transfers as are allowed are told, the others are not', async () => {
    const messages = await run(
      Array.from({ length: 5 }, (_, index) => announcementOf(index)),
      3,
    );
    expect(
      messages.filter((message) => message.kind === 'announced').map(({ transfer }) => transfer),
    ).toEqual(['0000000000000000', '0000000000000001', '0000000000000002']);
  });

  const valid = Array.from({ length: 30 }, (_, index) => announcementOf(index));

  test.each([
    { name: 'forged', segments: [...valid, ...valid].map(damaged), transfers: 1, announced: 0 },
    { name: 'refused', segments: [...valid, ...valid], transfers: 1, announced: 1 },
    { name: 'taken and broken off', segments: valid, transfers: 30, announced: 30 },
  ])('that are $name leave no memory behind', async ({ segments, transfers, announced }) => {
    const growths: number[] = [];
    for (let round = 0; round < 6; round++) {
      const before = mappedBytes();
      const messages = await run(segments, transfers);
      growths.push(mappedBytes() - before);
      expect(messages.filter((message) => message.kind === 'announced')).toHaveLength(announced);
    }
    // The heap grows in some rounds. A leak grows in all: each channel has 32 KiB.
    expect(Math.min(...growths)).toBeLessThan(512 * 1024);
  });
});
