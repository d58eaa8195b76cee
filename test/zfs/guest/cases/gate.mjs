/**
 * A sender that is let in and lies, and what arrives although nobody lies: on real pools nothing of it may become a
 * snapshot, and nothing that arrived may act on the receiving host.
 */
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { Command, run } from '../command.mjs';
import { writeContent } from '../content.mjs';
import { exists, fingerprint, property } from '../replica.mjs';
import { OWN_PORT, RECEIVER_IP, startReceiver, startSender, Zwire } from '../transfer.mjs';

const LIAR = '/share/guest/liar.mjs';
const LIBRARY = '/share/zwire/dist/index.js';
const END_BYTES = 312;

/**
 * One after another, by one program: starting it takes longer than what it sends.
 *
 * @param {import('../lab.mjs').Lab} lab
 * @param {readonly (readonly [path: string, announcement: object])[]} lies
 * @returns {Promise<string[]>} the code that each ended with
 */
async function lieOften(lab, lies) {
  const requests = lies.map(([path, announcement]) =>
    JSON.stringify({ announcement, path, host: RECEIVER_IP, port: Number(OWN_PORT) }),
  );
  const words = ['--net=/run/netns/za', process.execPath, LIAR, LIBRARY, ...requests];
  const command = lab.start(new Command('nsenter', words));
  await command.exit;
  return command.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).code);
}

/**
 * @param {import('../lab.mjs').Lab} lab
 * @param {string} path of the stream
 * @param {object} announcement
 * @returns {Promise<string>} the code that the sender ended with
 */
async function lie(lab, path, announcement) {
  return (await lieOften(lab, [[path, announcement]]))[0] ?? '';
}

/** @param {import('../lab.mjs').Lab} lab */
async function startUdpReceiver(lab) {
  const args = [
    'receive',
    '--listen',
    RECEIVER_IP,
    '--port',
    OWN_PORT,
    '--into',
    'backup',
    '--insecure',
    '--json',
  ];
  const receiver = lab.start(new Zwire('zb', args));
  await receiver.waitFor((event) => event.event === 'listening', 'listening');
  return receiver;
}

let copies = 0;

/**
 * @param {string} path
 * @param {(content: Buffer) => Buffer} change
 * @returns {string} path of the changed copy
 */
function changed(path, change) {
  const copy = `${path}.changed-${(copies += 1)}`;
  writeFileSync(copy, change(readFileSync(path)));
  return copy;
}

/** @param {string} dataset */
async function truthOf(dataset) {
  const name = `${dataset}@monday`;
  return { name: dataset, toSnapshot: { name, guid: await property(name, 'guid') } };
}

/** @type {readonly import('../all-cases.mjs').Case[]} */
export const gateCases = [
  {
    name: 'gate: a stream that is cut, spliced, forged or not the announced one never becomes a snapshot',
    timeoutMs: 240_000,
    async run(lab) {
      await lab.createPools();
      for (const name of ['tank/data', 'tank/other']) {
        await run('zfs', 'create', name);
        writeContent(`/pool/${name}/file`, 2_000_000);
        await run('zfs', 'snapshot', `${name}@monday`);
      }
      await run(
        'sh',
        '-c',
        'zfs send tank/data@monday >/tmp/data.stream; zfs send tank/other@monday >/tmp/other.stream',
      );
      const truth = await truthOf('tank/data');
      const path = '/tmp/data.stream';
      const other = readFileSync('/tmp/other.stream');
      const receiver = await startUdpReceiver(lab);
      const before = await fingerprint('backup');
      const spliced = changed(path, (all) =>
        Buffer.concat([all.subarray(0, all.length >> 1), other.subarray(other.length >> 1)]),
      );
      const flipped = changed(path, (all) => {
        all[all.length >> 1] = (all[all.length >> 1] ?? 0) ^ 1;
        return all;
      });
      /** @type {Record<string, readonly [string, object]>} */
      const lies = {
        'another dataset': ['/tmp/other.stream', truth],
        'another guid': [path, { ...truth, toSnapshot: { ...truth.toSnapshot, guid: '77' } }],
        'one snapshot as a tree': [path, { ...truth, recursive: true }],
        'a volume': [path, { ...truth, features: ['volume'] }],
        'without its end': [changed(path, (all) => all.subarray(0, -END_BYTES)), truth],
        spliced: [spliced, truth],
        'a byte changed before it was sealed': [flipped, truth],
        'with another behind its end': [changed(path, (all) => Buffer.concat([all, other])), truth],
      };
      const codes = await lieOften(lab, Object.values(lies));
      assert.equal(codes.length, Object.keys(lies).length);
      for (const [place, what] of Object.keys(lies).entries())
        assert.match(codes[place] ?? '', /^STREAM_/, what);
      // Nothing here removes a dataset: what any of them had made would still be there.
      assert.equal(await fingerprint('backup'), before, 'the receiving pool');
      assert.equal(await lie(lab, path, truth), 'OK', receiver.transcript());
      assert.equal(await property('backup/data@monday', 'guid'), truth.toSnapshot.guid);
    },
  },
  {
    name: 'gate: a package that breaks off keeps whole snapshots only, and no dataset from elsewhere',
    timeoutMs: 240_000,
    async run(lab) {
      await lab.createPools();
      await run('zfs', 'create', 'tank/data');
      writeContent('/pool/tank/data/one', 1_000_000);
      await run('zfs', 'snapshot', 'tank/data@sunday');
      writeContent('/pool/tank/data/two', 1_000_000);
      await run('zfs', 'snapshot', 'tank/data@monday');
      await run('sh', '-c', 'zfs send -R tank/data@monday >/tmp/tree.stream');
      const truth = { ...(await truthOf('tank/data')), recursive: true };
      await startUdpReceiver(lab);
      // Both heads say tank/data@...: a name of the same length outside of the package, in the last one.
      const foreign = changed('/tmp/tree.stream', (all) => {
        const at = all.lastIndexOf('tank/data@monday');
        all.write('tank/evil@monday', at, 'latin1');
        return all;
      });
      assert.match(await lie(lab, foreign, truth), /^STREAM_/);
      assert.equal(await exists('backup/data@monday'), false);
      assert.equal(
        await exists('backup/data@sunday'),
        false,
        'its END was held until the next head was taken',
      );
      const cut = changed('/tmp/tree.stream', (all) => all.subarray(0, -2 * END_BYTES));
      assert.match(await lie(lab, cut, truth), /^STREAM_/);
      assert.equal(await exists('backup/data@monday'), false);
      if (await exists('backup/data')) {
        assert.equal(await property('backup/data', 'receive_resume_token'), '-');
        await run('zfs', 'destroy', '-r', 'backup/data');
      }
      assert.equal(await lie(lab, '/tmp/tree.stream', truth), 'OK');
      assert.equal(await property('backup/data@monday', 'guid'), truth.toSnapshot.guid);
    },
  },
  {
    name: 'gate: what arrives cannot act: no setuid, no devices, no share, no mount, no partitions',
    async run(lab) {
      await lab.createPools();
      await run('zfs', 'create', '-o', 'setuid=on', '-o', 'devices=on', '-o', 'reservation=32M', 'tank/data');
      await run('zfs', 'create', '-o', 'devices=on', '-o', 'mountpoint=/pool/elsewhere', 'tank/data/below');
      await run('zfs', 'create', '-V', '4M', '-o', 'volmode=full', 'tank/data/volume');
      copyFileSync('/bin/true', '/pool/tank/data/suid');
      chmodSync('/pool/tank/data/suid', 0o4755);
      await run('mknod', '/pool/tank/data/memory', 'c', '1', '1');
      await run('zfs', 'snapshot', '-r', 'tank/data@monday');
      const receiver = await startReceiver(lab, '--once', '--into', 'backup');
      await startSender(lab, '-R', 'tank/data@monday', '--port', OWN_PORT).expectExit(0);
      await receiver.expectExit(0);
      for (const name of ['backup/data', 'backup/data/below']) {
        for (const [key, wanted] of Object.entries({
          setuid: 'off',
          devices: 'off',
          mounted: 'no',
          canmount: 'noauto',
        }))
          assert.equal(await property(name, key), wanted, `${key} of ${name}`);
      }
      assert.equal(await property('backup/data', 'reservation'), '0');
      assert.equal(await property('backup/data/volume', 'volmode'), 'dev');
      await run('zfs', 'mount', 'backup/data');
      const memory = `${await property('backup/data', 'mountpoint')}/memory`;
      assert.throws(() => openSync(memory, 'r'), /EACCES/);
    },
  },
  {
    name: 'gate: a recursive increment renames, moves and promotes nothing here',
    timeoutMs: 480_000,
    async run(lab) {
      await lab.createPools();
      for (const name of ['tank/data', 'tank/data/a', 'tank/data/b']) await run('zfs', 'create', name);
      await run('zfs', 'snapshot', '-r', 'tank/data@sunday');
      await run('zfs', 'snapshot', '-r', 'tank/data@monday');
      await run('zfs', 'clone', 'tank/data/a@sunday', 'tank/data/clone');
      await run('zfs', 'snapshot', 'tank/data/clone@monday');
      const patient = ['--timeout', '300'];
      const receiver = await startReceiver(lab, '--into', 'backup', ...patient);
      const send = (/** @type {string[]} */ ...what) =>
        startSender(lab, '-R', ...what, '--port', OWN_PORT, ...patient);
      await send('tank/data@monday').expectExit(0);
      await run('zfs', 'snapshot', '-r', 'tank/data@tuesday');
      await send('tank/data@tuesday', '--from', '@monday').expectExit(0);
      assert.equal(await exists('backup/data/clone@tuesday'), true, 'nobody renamed anything');
      await run('zfs', 'snapshot', '-r', 'tank/data@friday');
      const names = async () => run('zfs', 'list', '-H', '-r', '-t', 'all', '-o', 'name,origin', 'backup');
      const before = await names();
      /** @type {readonly (readonly [string[], string[]])[]} there and back again */
      const changes = [
        [
          ['rename', 'tank/data/a@sunday', 'tank/data/a@rubbish'],
          ['rename', 'tank/data/a@rubbish', 'tank/data/a@sunday'],
        ],
        [
          ['rename', 'tank/data/a', 'tank/data/other'],
          ['rename', 'tank/data/other', 'tank/data/a'],
        ],
        [
          ['rename', 'tank/data/a', 'tank/data/b/a'],
          ['rename', 'tank/data/b/a', 'tank/data/a'],
        ],
        [
          ['promote', 'tank/data/clone'],
          ['promote', 'tank/data/a'],
        ],
      ];
      for (const [there, back] of changes) {
        await run('zfs', ...there);
        const sender = send('tank/data@friday', '--from', '@tuesday');
        await sender.expectExit(4);
        assert.match(sender.stdout + sender.stderr, /STREAM_REFUSED/, there.join(' '));
        assert.equal(await names(), before, there.join(' '));
        await run('zfs', ...back);
      }
      receiver.kill('SIGTERM');
      await receiver.expectExit(143);
    },
  },
];
