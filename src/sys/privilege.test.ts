import { expect, test } from 'vitest';
import { becomeUser, credentials } from './privilege.ts';

const status = `Name:\tnode
Umask:\t0022
Uid:\t1000\t1000\t1000\t1000
Gid:\t100\t100\t100\t100
Groups:\t100 27 
CapInh:\t0000000000000000
CapPrm:\t0000000000003000
CapEff:\t0000000000002000
CapBnd:\t000001ffffffffff
CapAmb:\t0000000000000400
NoNewPrivs:\t0
`;

test('what a thread may do is read as the kernel writes it', () => {
  expect(credentials(status)).toEqual({
    uids: [1000, 1000, 1000, 1000],
    gids: [100, 100, 100, 100],
    groups: [100, 27],
    capabilities: ['CAP_NET_RAW'],
    reserve: ['CAP_NET_BIND_SERVICE', 'CAP_NET_ADMIN', 'CAP_NET_RAW'],
  });
});

test('a capability that has no name yet is a number', () => {
  expect(credentials('CapEff:\t0000020000000000\n').capabilities).toEqual(['CAP_41']);
});

test('this process is who the system says', () => {
  expect(credentials().uids[1]).toBe(process.geteuid?.());
});

test('becoming root is no way to give something up', () => {
  const root = { name: 'root', uid: 0, gid: 0, groups: [0] };
  expect(() => becomeUser(root)).toThrow(/root/);
});
