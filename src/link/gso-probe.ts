// Finds out once, when a link opens, whether the kernel takes segmented messages (UDP GSO; on packet sockets since
// Linux 6.2): it sends two FILLER segments in one message. They mean nothing to any receiver. Never retried.
import { setIovec } from '../sys/descriptor.ts';
import * as libc from '../sys/libc.ts';
import { Memory, setPointer } from '../sys/memory.ts';
import { ERRNO } from '../sys/system-error.ts';
import {
  MessageType,
  SEGMENT_HEADER_BYTES,
  emptySegmentHeader,
  encodeSegmentHeader,
} from '../wire/segment.ts';
import { type FramePrefix, PREFIX_BYTES } from './frame-prefix.ts';
import { sendError } from './send-messages.ts';

const FILLER_PAYLOAD_BYTES = 32;
const FILLER_BYTES = SEGMENT_HEADER_BYTES + FILLER_PAYLOAD_BYTES;
const MESSAGE_AT = 1024;

/** True when a message of two segments was taken. `prefix` is undefined on a UDP socket with UDP_SEGMENT set. */
export function probeSegmentation(fd: number, prefix: FramePrefix | undefined): boolean {
  using memory = Memory.allocate(4096);
  const prefixBytes = prefix === undefined ? 0 : PREFIX_BYTES;
  const header = emptySegmentHeader();
  header.type = MessageType.filler;
  header.payloadBytes = FILLER_PAYLOAD_BYTES;
  header.recordBytes = FILLER_PAYLOAD_BYTES;
  header.segmentCount = 1;
  prefix?.write(memory.view, memory.bytes, 0, 2 * FILLER_BYTES, FILLER_BYTES);
  for (const index of [0, 1]) encodeSegmentHeader(memory.view, prefixBytes + index * FILLER_BYTES, header);
  setIovec(memory.view, MESSAGE_AT + 64, 0, memory.address, prefixBytes + 2 * FILLER_BYTES);
  setPointer(memory.view, MESSAGE_AT + 16, memory.address + MESSAGE_AT + 64);
  setPointer(memory.view, MESSAGE_AT + 24, 1);
  if (libc.sendmmsg(fd, memory.address + MESSAGE_AT, 1, 0) === 1) return true;
  const errno = libc.lastErrno();
  if (errno === ERRNO.ENETDOWN || errno === ERRNO.ENXIO) throw sendError(errno);
  return false;
}

/** The size of one FILLER segment: what UDP_SEGMENT is set to while probing. */
export const PROBE_SEGMENT_BYTES: number = FILLER_BYTES;
