import { expect, test } from 'vitest';
import { encodePcapHeader, encodePcapRecord, PCAP_HEADER_BYTES, PCAP_RECORD_BYTES } from './pcap.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('the head of a file says nanoseconds and Ethernet', () => {
  const header = encodePcapHeader(65_600);
  expect(header.length).toBe(PCAP_HEADER_BYTES);
  expect(hex(header)).toBe(['4d3cb2a1', '02000400', '0000000000000000', '40000100', '01000000'].join(''));
});

test('a record gives the time, what follows and what there was', () => {
  const bytes = new Uint8Array(PCAP_RECORD_BYTES + 2);
  encodePcapRecord(new DataView(bytes.buffer), 1, 0x0102_0304, 999_999_999, 0x60, 0x0001_0002);
  expect(hex(bytes)).toBe(['00', '04030201', 'ffc99a3b', '60000000', '02000100', '00'].join(''));
});
