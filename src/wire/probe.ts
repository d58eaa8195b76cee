// PROBE: the sender asks for a STATUS at once. Body of one control segment:
//
//    0 zero (2) | sender's time (6), us | 8
import { ByteReader } from '../bytes/byte-reader.ts';
import { ByteWriter } from '../bytes/byte-writer.ts';

export const PROBE_BYTES = 8;

export interface Probe {
  /** The sender's clock, us, of any epoch, 48 bits, not 0: the next STATUS echoes it. */
  readonly timeUs: number;
}

/** A time out of bounds is a RangeError. */
export function encodeProbe(probe: Probe): Uint8Array {
  return new ByteWriter(PROBE_BYTES).zero(2).u48(probe.timeUs).finish();
}

/** @throws ZwireError WIRE_MALFORMED */
export function decodeProbe(bytes: Uint8Array): Probe {
  const reader = new ByteReader(bytes, 'PROBE');
  reader.zero(2, 'reserved');
  const probe = { timeUs: reader.u48('time') };
  reader.end();
  return probe;
}
