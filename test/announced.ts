// Announcements as senders make them, for tests of what lets them in.
import { SenderHandshake } from '../src/seal/handshake.ts';
import type { KeyPair } from '../src/seal/key-pair.ts';
import { openSuiteKeys } from '../src/seal/session-keys.ts';
import { ControlChannel, controlSegment } from '../src/transfer/control-channel.ts';
import { type Announcement, encodeAnnounceClear, encodeAnnouncement } from '../src/wire/announce.ts';
import {
  decodeSegmentHeader,
  emptySegmentHeader,
  MessageType,
  type SegmentHeader,
} from '../src/wire/segment.ts';
import { keyedSuite } from '../src/wire/suite.ts';

export const ANNOUNCEMENT: Announcement = {
  kind: 'file',
  name: 'x',
  recursive: false,
  features: [],
  segmentPayloadBytes: 1440,
  fecDataRecords: 0,
  fecParityRecords: 0,
  feedback: 'one',
  timeoutMs: 1000,
};

/** A control segment as a receiver's loop hands it on. */
export interface Arrived {
  readonly header: SegmentHeader;
  readonly payload: Uint8Array;
}

export function arrived(segment: Uint8Array): Arrived {
  const header = emptySegmentHeader();
  const complaint = decodeSegmentHeader(new DataView(segment.buffer), 0, segment.length, header);
  if (complaint !== '') throw new Error(complaint);
  return { header, payload: segment.slice(32) };
}

/** Of a keyed suite with AES; `handshake` makes the session's keys of the receiver's answer. */
export function announceKeyed(
  identity: KeyPair,
  receiverKey: Uint8Array,
  oneWay: boolean,
  announcement: Announcement = ANNOUNCEMENT,
  id = 1,
): Arrived & { readonly handshake: SenderHandshake } {
  const ids = { transferIdHigh: 0, transferIdLow: id };
  const handshake = new SenderHandshake(
    {
      ...ids,
      suite: keyedSuite(oneWay, false, 'aes-256-gcm'),
      own: { identity },
      receiverKey,
      salt: new Uint8Array(32).fill(id),
      senderTimeNs: 5n,
    },
    encodeAnnouncement(announcement),
  );
  return { ...arrived(controlSegment(MessageType.announce, ids, 0, handshake.announce)), handshake };
}

/** Of the open suite; `channel` is the sender's, and the caller's to dispose of. */
export function announceOpen(
  announcement: Announcement = ANNOUNCEMENT,
  id = 1,
): Arrived & { readonly channel: ControlChannel; readonly segment: Uint8Array } {
  const salt = new Uint8Array(32).fill(id + 1);
  const keys = openSuiteKeys(salt);
  const channel = new ControlChannel(keys.senderControl, keys.receiverControl, 0, id);
  const clear = encodeAnnounceClear({
    suite: 'open',
    keyId: new Uint8Array(8),
    salt,
    ephemeralPublic: new Uint8Array(32),
    senderTimeNs: 1n,
  });
  const segment = channel.write(MessageType.announce, encodeAnnouncement(announcement), clear);
  return { ...arrived(segment), channel, segment };
}
