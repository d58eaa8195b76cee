// The commands of the seed's document, flag for flag, its spelling included, with zwire in the place of python -m zfs.
import { mkdirSync, readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { expectExit, expectSame, Scene } from './scene.ts';

const ADDRESSES = [
  '--destination-ip',
  '198.18.0.2',
  '--destination-mac',
  'e2:ff:48:6e:a9:fe',
  '--source-ip',
  '198.18.0.1',
  '--source-mac',
  '46:dc:e7:58:d0:a2',
];

it.each([
  { name: 'a full sync', flags: ['--full-sync', '--pool', 'testing'] },
  {
    name: 'a delta',
    flags: [
      '--send-delta',
      '--delta-start',
      'pool/testsync@0',
      '--delta-end',
      'pool/testsync@1',
      '--pool',
      'testing',
    ],
  },
])('$name of dummy data', async ({ flags }) => {
  await using scene = await Scene.open('raw', { mtuBytes: 1500 });
  const { path, content } = scene.source(1024 * 1024);
  const receiver = scene.lab.b.zwire([
    '--reciever',
    '--interface',
    'vzb',
    '--dummy-data',
    scene.target(),
    '--json',
  ]);
  await receiver.event('listening');
  const sender = scene.lab.a.zwire(['--interface', 'vza', ...flags, '--dummy-data', path, ...ADDRESSES]);
  await expectExit(sender, 0);
  expectSame(scene.target(), content);
  receiver.signal('SIGINT');
  await expectExit(receiver, 130);
});

it('every other flag of the seed has its effect', async () => {
  await using scene = await Scene.open('raw', { mtuBytes: 9000 });
  const logs = `${scene.directory}/logs`;
  mkdirSync(logs);
  const { path, content } = scene.source(300_000);
  const shared = [
    '--udp-port',
    '4433',
    '--locale',
    'sv_SE',
    '--verbosity-level',
    '10',
    '--log-dir',
    logs,
    '--debug',
  ];
  const receiver = scene.lab.b.zwire([
    '--reciever',
    '--interface',
    'vzb',
    '--dummy-data',
    scene.target(),
    ...shared,
    '--json',
    '--once',
  ]);
  expect((await receiver.event('listening'))['port']).toBe(4433);
  const pace = ['--framesize', '1500', '--rate-limit', '0.0001'];
  const sender = scene.lab.a.zwire(
    [
      '--interface',
      'vza',
      '--full-sync',
      '--dummy-data',
      path,
      '--pool',
      'testing',
      ...ADDRESSES,
      ...shared,
    ].concat(pace, '--json'),
  );
  await expectExit(sender, 0);
  await expectExit(receiver, 0);
  expectSame(scene.target(), content);
  expect((await sender.event('announced'))['mtuBytes']).toBe(1500);
  expect(readdirSync(logs).length).toBeGreaterThanOrEqual(2);
});

it('a receiver without a target takes announced names only under --insecure', async () => {
  await using scene = await Scene.open('raw');
  const receiver = scene.lab.b.zwire(['--reciever', '--interface', 'vzb']);
  await expectExit(receiver, 2);
  expect(receiver.stderr).toContain('--insecure');
});
