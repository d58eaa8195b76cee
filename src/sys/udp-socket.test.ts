import { expect, test } from 'vitest';
import { parseIpv4 } from '../bytes/ipv4-address.ts';
import { openUdpSocket } from './udp-socket.ts';

test('an address that no interface has is named', () => {
  // TEST-NET-1 of RFC 5737, which nobody has.
  expect(() => openUdpSocket(parseIpv4('192.0.2.77'), 0)).toThrow(
    'cannot listen on 192.0.2.77: no interface of this host has it',
  );
});
