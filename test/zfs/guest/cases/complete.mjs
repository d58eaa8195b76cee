/**
 * Transfers that arrive: everything that today's form of the command line sends.
 */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { run } from '../command.mjs';
import { writeContent } from '../content.mjs';
import { assertReplica, exists, property, snapshotsBelow, zfsProcess } from '../replica.mjs';
import {
  assertSuperFrames,
  finishedEvent,
  OWN_PORT,
  RECEIVER_IP,
  startReceiver,
  startSender,
  transfer,
  Zwire,
} from '../transfer.mjs';

const MIB = 2 ** 20;

/**
 * A dataset with what a home directory has.
 *
 * @param {string} dataset
 */
async function fill(dataset) {
  await run('zfs', 'create', '-o', 'recordsize=1M', dataset);
  const root = await property(dataset, 'mountpoint');
  mkdirSync(`${root}/letters/old`, { recursive: true });
  writeFileSync(`${root}/letters/empty`, '');
  writeFileSync(`${root}/letters/old/with a space and ü`, 'text\n'.repeat(1000));
  chmodSync(`${root}/letters/empty`, 0o4711);
  symlinkSync('letters/empty', `${root}/link`);
  writeContent(`${root}/disk.img`, 4 * MIB);
  writeContent(`${root}/odd`, 1_234_567);
}

/**
 * Monday's and tuesday's snapshot, with files added, changed and removed between them.
 *
 * @param {string} dataset
 */
export async function fillTwoDays(dataset) {
  await fill(dataset);
  await run('zfs', 'snapshot', `${dataset}@monday`);
  const root = await property(dataset, 'mountpoint');
  rmSync(`${root}/odd`);
  writeContent(`${root}/new`, 3 * MIB);
  writeFileSync(`${root}/letters/empty`, 'no more');
  await run('zfs', 'snapshot', `${dataset}@tuesday`);
}

/** Left on the guest's own memory: a raw transfer carries no key. */
const VAULT_KEY = '/tmp/vault.key';

/** @type {readonly import('../all-cases.mjs').Case[]} */
export const completeCases = [
  {
    name: 'full dataset',
    async run(lab) {
      await lab.createPools();
      await fill('tank/data');
      await run('zfs', 'snapshot', 'tank/data@monday');
      const { sent, received } = await transfer(lab, 'tank/data@monday');
      assert.equal(sent.outcome, 'committed');
      assert.equal(sent.guid, await property('tank/data@monday', 'guid'));
      assert.equal(received.target, 'backup/data');
      await assertReplica(lab, 'tank/data@monday', 'backup/data@monday');
    },
  },
  {
    name: 'full dataset at MTU 1500',
    async run(lab) {
      await lab.setMtu(1500);
      await lab.createPools();
      await fill('tank/data');
      await run('zfs', 'snapshot', 'tank/data@monday');
      const receiver = await startReceiver(lab, '--once', '--into', 'backup');
      const sender = startSender(lab, 'tank/data@monday', '--port', OWN_PORT);
      await sender.expectExit(0);
      await receiver.expectExit(0);
      assertSuperFrames(lab, sender);
      await assertReplica(lab, 'tank/data@monday', 'backup/data@monday');
    },
  },
  {
    name: 'full dataset over plain UDP',
    async run(lab) {
      await lab.createPools();
      await fill('tank/data');
      await run('zfs', 'snapshot', 'tank/data@monday');
      const flags = ['--insecure', '--json'];
      const listen = [
        'receive',
        '--listen',
        RECEIVER_IP,
        '--port',
        OWN_PORT,
        '--into',
        'backup',
        '--once',
        ...flags,
      ];
      const receiver = lab.start(new Zwire('zb', listen));
      await receiver.waitFor((event) => event.event === 'listening', 'listening');
      const sender = lab.start(
        new Zwire('za', ['send', 'tank/data@monday', '--to', RECEIVER_IP, '--port', OWN_PORT, ...flags]),
      );
      await sender.expectExit(0);
      await receiver.expectExit(0);
      await assertReplica(lab, 'tank/data@monday', 'backup/data@monday');
    },
  },
  {
    name: 'recursive pool',
    async run(lab) {
      await lab.createPools();
      await fill('tank/a');
      await run('zfs', 'create', '-o', 'compression=lz4', '-o', 'mountpoint=/pool/elsewhere', 'tank/a/deep');
      writeContent('/pool/elsewhere/file', 2 * MIB);
      await run('zfs', 'create', '-V', '4M', 'tank/volume');
      await run('zfs', 'snapshot', '-r', 'tank@monday');
      writeContent('/pool/elsewhere/later', MIB);
      await run('zfs', 'snapshot', '-r', 'tank@tuesday');
      const receiver = await startReceiver(lab, '--once', '--into', 'backup/tank');
      await startSender(lab, '-R', 'tank@tuesday', '--port', OWN_PORT).expectExit(0);
      await receiver.expectExit(0);
      assert.deepEqual(await snapshotsBelow('backup/tank'), await snapshotsBelow('tank'));
      for (const path of ['', '/a', '/a/deep', '/volume']) {
        await assertReplica(lab, `tank${path}@tuesday`, `backup/tank${path}@tuesday`);
      }
      await assertReplica(lab, 'tank/a/deep@monday', 'backup/tank/a/deep@monday');
      assert.equal(await property('backup/tank/a/deep', 'compression'), 'lz4');
    },
  },
  {
    name: 'delta, one with the snapshots between, and one from a bookmark',
    async run(lab) {
      await lab.createPools();
      await fillTwoDays('tank/data');
      await transfer(lab, 'tank/data@monday');
      await transfer(lab, 'tank/data@tuesday', '--from', '@monday');
      await assertReplica(lab, 'tank/data@tuesday', 'backup/data@tuesday');
      await run('zfs', 'snapshot', 'tank/data@wednesday');
      writeContent('/pool/tank/data/odd', 54_321);
      await run('zfs', 'snapshot', 'tank/data@thursday');
      const between = ['tank/data@thursday', '--from', '@tuesday', '--intermediates'];
      await transfer(lab, ...between);
      assert.deepEqual(await snapshotsBelow('backup/data'), await snapshotsBelow('tank/data'));
      // From a bookmark, which is all that this side keeps of thursday: friday's content holds what thursday's would have shown.
      await run('zfs', 'bookmark', 'tank/data@thursday', 'tank/data#thursday');
      await run('zfs', 'destroy', 'tank/data@thursday');
      writeContent('/pool/tank/data/odd', 12_345);
      await run('zfs', 'snapshot', 'tank/data@friday');
      await transfer(lab, 'tank/data@friday', '--from', '#thursday');
      await assertReplica(lab, 'tank/data@friday', 'backup/data@friday');
    },
  },
  {
    name: 'zvol, whole and delta',
    async run(lab) {
      await lab.createPools();
      await run('zfs', 'create', '-V', '8M', 'tank/volume');
      await run('udevadm', 'settle', '--timeout=20');
      writeContent('/dev/zvol/tank/volume', 6 * MIB);
      await run('zfs', 'snapshot', 'tank/volume@monday');
      await transfer(lab, 'tank/volume@monday');
      await assertReplica(lab, 'tank/volume@monday', 'backup/volume@monday');
      writeContent('/dev/zvol/tank/volume', 2 * MIB);
      await run('zfs', 'snapshot', 'tank/volume@tuesday');
      await transfer(lab, 'tank/volume@tuesday', '--from', '@monday');
      await assertReplica(lab, 'tank/volume@tuesday', 'backup/volume@tuesday');
    },
  },
  {
    name: 'a dataset and a snapshot with a space in the name',
    async run(lab) {
      await lab.createPools();
      await fill('tank/my data');
      await run('zfs', 'snapshot', 'tank/my data@last monday');
      await transfer(lab, 'tank/my data@last monday');
      await assertReplica(lab, 'tank/my data@last monday', 'backup/my data@last monday');
    },
  },
  {
    name: 'empty dataset',
    async run(lab) {
      await lab.createPools();
      await run('zfs', 'create', 'tank/data');
      await run('zfs', 'snapshot', 'tank/data@monday');
      await transfer(lab, 'tank/data@monday');
      await assertReplica(lab, 'tank/data@monday', 'backup/data@monday');
    },
  },
  {
    name: '300 MiB dataset',
    timeoutMs: 240_000,
    async run(lab) {
      await lab.createPools();
      await run('zfs', 'create', '-o', 'recordsize=1M', 'tank/data');
      writeContent('/pool/tank/data/large', 300 * MIB);
      await run('zfs', 'snapshot', 'tank/data@monday');
      const { sent } = await transfer(lab, 'tank/data@monday');
      assert.ok((sent.bytes ?? 0) > 300 * MIB);
      await assertReplica(lab, 'tank/data@monday', 'backup/data@monday');
    },
  },
  {
    name: 'two datasets at once into a receiver that stays, then Ctrl-C',
    async run(lab) {
      await lab.createPools();
      await fill('tank/one');
      await fill('tank/two');
      await run('zfs', 'snapshot', '-r', 'tank@monday');
      const receiver = await startReceiver(lab, '--into', 'backup');
      const senders = ['one', 'two'].map((name) =>
        startSender(lab, `tank/${name}@monday`, '--port', OWN_PORT),
      );
      for (const sender of senders) await sender.expectExit(0);
      for (const name of ['one', 'two']) {
        await assertReplica(lab, `tank/${name}@monday`, `backup/${name}@monday`);
      }
      receiver.killGroup('SIGINT');
      await receiver.expectExit(130);
    },
  },
  {
    name: 'zfs receive stands still for 8 s and goes on',
    async run(lab) {
      await lab.createPools();
      await run('zfs', 'create', 'tank/data');
      writeContent('/pool/tank/data/file', 12 * MIB);
      await run('zfs', 'snapshot', 'tank/data@monday');
      const receiver = await startReceiver(lab, '--once', '--into', 'backup');
      const sender = startSender(lab, 'tank/data@monday', '--rate', '8Mbit', '--port', OWN_PORT);
      await sender.waitFor((event) => event.event === 'progress' && (event.bytes ?? 0) > 0, 'progress');
      const pid = zfsProcess('receive');
      assert.ok(pid, 'zfs receive is running');
      process.kill(pid, 'SIGSTOP');
      await new Promise((resolve) => setTimeout(resolve, 8000));
      assert.equal(sender.finished, undefined);
      process.kill(pid, 'SIGCONT');
      await sender.expectExit(0);
      await receiver.expectExit(0);
      assert.equal(finishedEvent(sender).outcome, 'committed');
      await assertReplica(lab, 'tank/data@monday', 'backup/data@monday');
      assert.equal(await exists('backup/data/%recv'), false);
    },
  },
  {
    name: 'encrypted dataset with --raw: it arrives encrypted and locked, and so does its delta',
    async run(lab) {
      await lab.createPools();
      writeFileSync(VAULT_KEY, 'k'.repeat(32));
      const encryption = ['encryption=aes-256-gcm', 'keyformat=raw', `keylocation=file://${VAULT_KEY}`];
      await run('zfs', 'create', ...encryption.flatMap((option) => ['-o', option]), 'tank/vault');
      writeContent('/pool/tank/vault/file', 2 * MIB);
      await run('zfs', 'snapshot', 'tank/vault@monday');
      await transfer(lab, 'tank/vault@monday', '--raw');
      writeContent('/pool/tank/vault/more', MIB);
      await run('zfs', 'snapshot', 'tank/vault@tuesday');
      await transfer(lab, 'tank/vault@tuesday', '--from', '@monday', '--raw');
      assert.equal(await property('backup/vault', 'keystatus'), 'unavailable');
      assert.equal(await property('backup/vault', 'encryption'), 'aes-256-gcm');
      // Only whoever has the key can compare.
      await run('zfs', 'load-key', '-L', `file://${VAULT_KEY}`, 'backup/vault');
      await assertReplica(lab, 'tank/vault@tuesday', 'backup/vault@tuesday');
    },
  },
];
