// Addresses of frames that tests write into captures by hand.
import type { FrameParts } from '../netns/frame.ts';

export const ADDRESSES: Omit<FrameParts, 'payload'> = {
  sourceMac: '46:dc:e7:58:d0:a2',
  destinationMac: 'e2:ff:48:6e:a9:fe',
  sourceIp: '198.18.0.1',
  destinationIp: '198.18.0.2',
  sourcePort: 41_234,
  destinationPort: 1337,
};
