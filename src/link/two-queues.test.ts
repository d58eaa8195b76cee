import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { emptySegmentHeader, encodeSegmentHeader, MessageType } from '../wire/segment.ts';
import type { ReceiverLink } from './link.ts';
import { openUdpReceiver, openUdpSender } from './udp-link.ts';

const HOST = '127.0.0.1';

async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, HOST);
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

function segment(type: number, bytes: number): Uint8Array {
  const segment = new Uint8Array(bytes);
  const payloadBytes = bytes - 32;
  const header = { ...emptySegmentHeader(), type, payloadBytes, recordBytes: payloadBytes, segmentCount: 1 };
  encodeSegmentHeader(new DataView(segment.buffer), 0, header);
  return segment;
}

/** Takes what the link gives, and returns of which types it was. */
function taken({ inbound }: ReceiverLink): number[] {
  const types: number[] = [];
  while (inbound.next()) {
    types.push(inbound.memory.view.getUint8(inbound.payloadOffset + 3));
    inbound.release();
  }
  return types;
}

const announcementsOf = (types: readonly number[]): number =>
  types.filter((type) => type === MessageType.announce).length;

/** A receiver to which 150 announcements of `bytes` have come, and then 20 other datagrams. */
async function flooded(bytes: number, ordered = false): Promise<ReceiverLink> {
  const port = await freePort();
  const receiver = openUdpReceiver({ kind: 'udp', port, host: HOST }, ordered);
  using sender = openUdpSender({ kind: 'udp', port, host: HOST, gso: 'off' });
  using batch = sender.createFrameBatch(64, 8192);
  const send = (type: number, count: number, length: number): void => {
    for (let i = 0; i < count; i++) batch.add(length).set(segment(type, length));
  };
  for (let times = 0; times < 3; times++) {
    send(MessageType.announce, 50, bytes);
    batch.flush();
  }
  send(MessageType.data, 20, 600);
  batch.flush();
  return receiver;
}

test('gives 64 announcements a millisecond, and everything else at once', async () => {
  using receiver = await flooded(400);
  receiver.admit(0);
  const first = taken(receiver);
  expect(first.length).toBe(84);
  expect(announcementsOf(first)).toBe(64);
  expect(receiver.inbound.holdsBack).toBe(true);
  expect(receiver.inbound.descriptors.length).toBe(1);
  receiver.admit(0.9);
  expect(taken(receiver)).toEqual([]);
  receiver.admit(1);
  expect(taken(receiver).length).toBe(64);
  receiver.admit(3);
  expect(taken(receiver).length).toBe(22);
  receiver.admit(4);
  expect(receiver.inbound.holdsBack).toBe(false);
  expect(receiver.inbound.descriptors.length).toBe(2);
});

test('gives announcements a turn although the other queue is not empty', async () => {
  using receiver = await flooded(400);
  receiver.admit(0);
  expect(announcementsOf(taken(receiver).slice(0, 10))).toBe(10);
});

test('counts large datagrams by what fits into them', async () => {
  using receiver = await flooded(5120);
  receiver.admit(0);
  // Each counts 11.
  expect(announcementsOf(taken(receiver))).toBe(6);
  // The last of these took 2 of what may be read now.
  receiver.admit(1);
  expect(taken(receiver).length).toBe(6);
});

test('where order counts there is one queue', async () => {
  using receiver = await flooded(400, true);
  receiver.admit(0);
  const types = taken(receiver);
  expect(types.length).toBe(170);
  expect(announcementsOf(types.slice(0, 150))).toBe(150);
});

test('a port with two sockets is as taken as any other', async () => {
  const port = await freePort();
  using _receiver = openUdpReceiver({ kind: 'udp', port, host: HOST }, false);
  expect(() => openUdpReceiver({ kind: 'udp', port, host: HOST }, false)).toThrow('another program holds it');
});
