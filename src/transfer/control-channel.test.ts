import { describe, expect, test } from 'vitest';
import { openSuiteKeys } from '../seal/session-keys.ts';
import {
  MessageType,
  SEGMENT_HEADER_BYTES,
  SEGMENT_OFFSETS,
  decodeSegmentHeader,
  emptySegmentHeader,
} from '../wire/segment.ts';
import { ControlChannel } from './control-channel.ts';

const KEYS = openSuiteKeys(new Uint8Array(32).fill(9));
const BODY = new TextEncoder().encode('what is said');
const CLEAR = Uint8Array.of(1, 2, 3, 4);

function senderSide(transferIdLow = 2): ControlChannel {
  return new ControlChannel(KEYS.senderControl, KEYS.receiverControl, 1, transferIdLow);
}

function receiverSide(transferIdLow = 2): ControlChannel {
  return new ControlChannel(KEYS.receiverControl, KEYS.senderControl, 1, transferIdLow);
}

/** Reads a segment as a receiving loop does. */
function read(channel: ControlChannel, segment: Uint8Array, clearBytes = 0): Uint8Array | undefined {
  const header = emptySegmentHeader();
  const view = new DataView(segment.buffer, segment.byteOffset, segment.byteLength);
  if (decodeSegmentHeader(view, 0, segment.byteLength, header) !== '') return undefined;
  return channel.read(header, segment.subarray(SEGMENT_HEADER_BYTES), clearBytes);
}

describe('a control message', () => {
  test('comes out as it went in, both ways', () => {
    const [sender, receiver] = [senderSide(), receiverSide()];
    expect(read(receiver, sender.write(MessageType.probe, BODY))).toEqual(BODY);
    expect(read(sender, receiver.write(MessageType.status, BODY))).toEqual(BODY);
    expect(read(receiver, sender.write(MessageType.end, new Uint8Array(0)))).toEqual(new Uint8Array(0));
  });

  test('carries a clear part that is not hidden, and is checked', () => {
    const segment = senderSide().write(MessageType.announce, BODY, CLEAR);
    expect(segment.subarray(SEGMENT_HEADER_BYTES, SEGMENT_HEADER_BYTES + 4)).toEqual(CLEAR);
    expect(read(receiverSide(), segment, 4)).toEqual(BODY);
    expect(Buffer.from(segment).includes(Buffer.from(BODY))).toBe(false);
  });

  test('is refused when any bit of it was changed', () => {
    const segment = senderSide().write(MessageType.announce, BODY, CLEAR);
    const receiver = receiverSide();
    for (let bit = 0; bit < segment.length * 8; bit++) {
      const damaged = segment.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const body = read(receiver, damaged, 4);
      if (body !== undefined) throw new Error(`bit ${bit & 7} of byte ${bit >> 3} was not noticed`);
    }
    // And none of the forgeries has moved the window.
    expect(read(receiver, segment, 4)).toEqual(BODY);
  });

  test('is refused when it is cut or longer', () => {
    const segment = senderSide().write(MessageType.probe, BODY);
    const header = emptySegmentHeader();
    decodeSegmentHeader(new DataView(segment.buffer), 0, segment.length, header);
    const payload = segment.subarray(SEGMENT_HEADER_BYTES);
    for (let bytes = 0; bytes < payload.length; bytes++)
      expect(receiverSide().read(header, payload.subarray(0, bytes))).toBeUndefined();
    expect(receiverSide().read(header, Uint8Array.of(...payload, 0))).toBeUndefined();
    expect(receiverSide().read(header, payload)).toEqual(BODY);
  });

  test('is taken once', () => {
    const receiver = receiverSide();
    const sender = senderSide();
    const [first, second] = [sender.write(MessageType.probe, BODY), sender.write(MessageType.probe, BODY)];
    expect(first).not.toEqual(second);
    expect(read(receiver, second)).toEqual(BODY);
    expect(read(receiver, first)).toEqual(BODY);
    expect(read(receiver, first)).toBeUndefined();
    expect(read(receiver, second)).toBeUndefined();
  });

  test('is not taken by the side that said it', () => {
    expect(read(senderSide(), senderSide().write(MessageType.probe, BODY))).toBeUndefined();
    expect(read(receiverSide(), receiverSide().write(MessageType.status, BODY))).toBeUndefined();
  });

  test('is not taken for another transfer, type or key', () => {
    const segment = senderSide().write(MessageType.probe, BODY);
    const other = segment.slice();
    new DataView(other.buffer).setUint32(SEGMENT_OFFSETS.transferIdLow, 3);
    expect(read(receiverSide(3), other)).toBeUndefined();
    const retyped = segment.slice();
    retyped[SEGMENT_OFFSETS.type] = MessageType.end;
    expect(read(receiverSide(), retyped)).toBeUndefined();
    const strange = openSuiteKeys(new Uint8Array(32).fill(8));
    const stranger = new ControlChannel(strange.receiverControl, strange.senderControl, 1, 2);
    expect(read(stranger, segment)).toBeUndefined();
  });
});
