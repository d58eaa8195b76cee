/**
 * Sending and receiving through the library, and what `zfs` says when it cannot, on real pools. Checks that have the
 * name of a peer's case are ported from it; ../../CASES.md lists all of those.
 */
import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { run } from '../command.mjs';
import { writeContent } from '../content.mjs';
import { collect, failsWith, loadLibrary, runChecks, shellFailsWith } from '../library.mjs';

const MIB = 2 ** 20;

/**
 * tank/NAME with @a, @b and @c, half a MiB written between them.
 *
 * @param {string} name
 * @param {...string} properties
 */
async function source(name, ...properties) {
  await run('zfs', 'create', ...properties.flatMap((each) => ['-o', each]), name);
  for (const snap of ['a', 'b', 'c']) {
    writeContent(`/pool/${name}/${snap}`, MIB / 2);
    await run('zfs', 'snapshot', `${name}@${snap}`);
  }
}

/**
 * @param {any} z
 * @param {string | undefined} from
 * @param {string} to
 * @param {string} target
 * @param {object} [options] of the DeltaReader
 */
async function restore(z, from, to, target, options) {
  const reader = new z.DeltaReader(target, options);
  try {
    for await (const chunk of new z.Delta(from, to)) await reader.restore(chunk);
    return await reader.finish();
  } finally {
    await reader[Symbol.asyncDispose]();
  }
}

/** @type {readonly import('../all-cases.mjs').Case[]} */
export const libraryStreamCases = [
  {
    name: 'library: pyzfs, sending',
    async run(lab) {
      await lab.createPools();
      const z = await loadLibrary();
      await source('tank/s');
      await source('tank/other');
      const [a, b, c] = ['a', 'b', 'c'].map((snap) => z.parseSnapshotName(`tank/s@${snap}`));
      const incremental = (/** @type {string} */ from, /** @type {string} */ to) => ({
        kind: 'incremental',
        from,
        to,
        intermediates: false,
      });
      await runChecks({
        async test_send_full() {
          const plan = { kind: 'full', to: a };
          const chunks = await collect(new z.Delta(undefined, a));
          const bytes = chunks.reduce(
            (/** @type {number} */ sum, /** @type {any} */ chunk) => sum + chunk.length,
            0,
          );
          const estimate = Number(await z.estimateSend(plan));
          assert.ok(bytes > MIB / 2 && Math.abs(bytes - estimate) < MIB / 2, `${bytes} and ${estimate}`);
        },
        async test_send_incremental() {
          const chunks = await collect(new z.Delta(a, b));
          assert.ok(chunks.length > 1);
          assert.equal((await z.validateSendPlan(incremental(a, b))).from.guid, await guid(z, a));
        },
        async test_send_space() {
          const full = await z.estimateSend({ kind: 'full', to: c });
          const delta = await z.estimateSend(incremental(b, c));
          assert.ok(full > delta && delta > 0n, `${full} ${delta}`);
          const tree = await z.estimateSend({ kind: 'recursive', to: c, intermediates: false });
          assert.ok(tree >= full);
        },
        test_send_same_snap: () => failsWith('ZFS_FROM_NOT_EARLIER', z.validateSendPlan(incremental(a, a))),
        test_send_wrong_order: () => failsWith('ZFS_FROM_NOT_EARLIER', z.validateSendPlan(incremental(b, a))),
        rewording_is_not_earlier_than_it: () =>
          shellFailsWith(z, 'ZFS_FROM_NOT_EARLIER', 'zfs send -i tank/s@b tank/s@a >/dev/null'),
        test_send_unrelated: async () => {
          await failsWith(
            'ZFS_FROM_OTHER_DATASET',
            z.validateSendPlan(incremental(z.parseSnapshotName('tank/other@a'), b)),
          );
          await shellFailsWith(z, 'ZFS_FROM_NOT_EARLIER', 'zfs send -i tank/other@a tank/s@b >/dev/null');
        },
        async test_send_nonexistent() {
          const gone = z.parseSnapshotName('tank/s@gone');
          await failsWith('ZFS_SNAPSHOT_MISSING', z.validateSendPlan({ kind: 'full', to: gone }));
          await failsWith('ZFS_FROM_MISSING', z.validateSendPlan(incremental(gone, b)));
          await shellFailsWith(z, 'ZFS_DATASET_MISSING', 'zfs send -i @gone tank/s@b >/dev/null');
          await failsWith(
            'ZFS_DATASET_MISSING',
            z.validateSendPlan({ kind: 'full', to: z.parseSnapshotName('tank/gone@a') }),
          );
        },
        async test_send_invalid_name() {
          for (const name of ['tank/s', 'tank/s@', 'tank/s@a@b', '-t@x'])
            assert.throws(() => new z.Delta(undefined, name), { code: 'NAME_INVALID' });
        },
        async test_send_from_bookmark() {
          const mark = z.parseBookmarkName('tank/s#a');
          await z.createBookmark(a, mark);
          assert.equal((await z.validateSendPlan(incremental(mark, c))).from.guid, await guid(z, a));
          assert.notEqual(await z.estimateSend(incremental(mark, c)), 0n);
        },
        test_send_bookmark: async () =>
          assert.throws(() => new z.Delta(undefined, 'tank/s#a'), { code: 'NAME_INVALID' }),
        test_send_bad_token: () =>
          shellFailsWith(z, 'ZFS_RESUME_TOKEN_CORRUPT', 'zfs send -t 1-1-1-1 >/dev/null'),
        async SendStreamCloseAfterEOFRead() {
          const delta = new z.Delta(undefined, a);
          await collect(delta);
          await delta[Symbol.asyncDispose]();
          await delta[Symbol.asyncDispose]();
        },
        async SendStreamCloseAfterBlockedOnPipeWrite() {
          // One chunk is taken, zfs send waits for room in the pipe, and is ended.
          for await (const chunk of new z.Delta(undefined, c)) {
            assert.ok(chunk.length > 0);
            break;
          }
          await untilNothingLeft(lab);
        },
      });
    },
  },
  {
    name: 'library: pyzfs and zettarepl, receiving',
    async run(lab) {
      await lab.createPools();
      const z = await loadLibrary();
      await source('tank/s');
      await source('tank/other');
      await run('zfs', 'create', '-V', '8M', 'backup/zvol');
      await run(
        'sh',
        '-c',
        'zfs send tank/s@a >/tmp/full && zfs send -i @a tank/s@b >/tmp/delta && zfs send -i @b tank/s@c >/tmp/later',
      );
      const receive = (/** @type {string} */ code, /** @type {string} */ line) =>
        shellFailsWith(z, code, `zfs receive -u ${line}`);
      await runChecks({
        async test_recv_full() {
          const { guid: got } = await restore(z, undefined, 'tank/s@a', 'backup/full');
          assert.equal(got, await guid(z, 'tank/s@a'));
          const properties = (
            await z.getProperties(['backup/full'], ['readonly', 'canmount', 'mounted'])
          ).get('backup/full');
          assert.deepEqual(
            [...properties.values()].map(({ value }) => value),
            ['on', 'noauto', 'no'],
          );
        },
        async test_recv_incremental() {
          const { guid: got } = await restore(z, 'tank/s@a', 'tank/s@b', 'backup/full');
          assert.equal(got, await guid(z, 'tank/s@b'));
        },
        async test_recv_incremental_duplicate() {
          // zfs receive finds the very snapshot there, and changes nothing.
          await restore(z, 'tank/s@a', 'tank/s@b', 'backup/full');
          assert.equal((await z.listSnapshots('backup/full')).length, 2);
        },
        async test_recv_full_already_existing_empty_fs() {
          await run('zfs', 'create', 'backup/empty');
          await failsWith('ZFS_DESTINATION_EXISTS', restore(z, undefined, 'tank/s@a', 'backup/empty'));
        },
        async test_recv_full_already_existing_with_snapshots() {
          await run('zfs', 'snapshot', 'backup/empty@x');
          await failsWith(
            ['ZFS_DESTINATION_EXISTS', 'ZFS_DESTINATION_HAS_SNAPSHOTS'],
            restore(z, undefined, 'tank/s@a', 'backup/empty'),
          );
          await receive('ZFS_DESTINATION_HAS_SNAPSHOTS', '-F backup/empty </tmp/full');
        },
        test_recv_full_already_existing_snapshot: () =>
          receive('ZFS_DESTINATION_EXISTS', 'backup/full@a </tmp/full').then(() => undefined),
        test_recv_missing_parent_fs: () =>
          receive('ZFS_PARENT_MISSING', 'backup/no/such </tmp/full').then(() => undefined),
        async test_recv_missing_parent_fs_before_it_starts() {
          await failsWith('ZFS_PARENT_MISSING', restore(z, undefined, 'tank/s@a', 'backup/no/such'));
        },
        test_recv_fs_below_zvol: async () => {
          await failsWith('ZFS_PARENT_NOT_FILESYSTEM', restore(z, undefined, 'tank/s@a', 'backup/zvol/x'));
          await receive('ZFS_PARENT_NOT_FILESYSTEM', 'backup/zvol/x </tmp/full');
        },
        async test_recv_incremental_nonexistent_fs() {
          await receive('ZFS_DESTINATION_MISSING', 'backup/gone </tmp/delta');
        },
        async test_recv_incremental_modified_fs() {
          await run('sh', '-c', 'zfs receive -u backup/modified </tmp/full && zfs mount backup/modified');
          writeFileSync('/pool/backup/modified/new', 'written here');
          await run('zpool', 'sync', 'backup');
          await failsWith('ZFS_DESTINATION_MODIFIED', restore(z, 'tank/s@a', 'tank/s@b', 'backup/modified'));
        },
        async test_recv_incremental_more_recent_snap() {
          await run('sh', '-c', 'zfs receive -u backup/newer </tmp/full && zfs mount backup/newer');
          writeFileSync('/pool/backup/newer/new', 'written here');
          await run('zfs', 'snapshot', 'backup/newer@own');
          await failsWith(
            ['ZFS_INCREMENTAL_BASE_MISMATCH', 'ZFS_DESTINATION_MODIFIED'],
            restore(z, 'tank/s@a', 'tank/s@b', 'backup/newer'),
          );
        },
        async test_recv_incremental_more_recent_snap_with_no_changes() {
          // ZFS minds changes, not snapshots without any: the increment lands on top.
          await run('sh', '-c', 'zfs receive -u backup/same </tmp/full && zfs snapshot backup/same@own');
          await restore(z, 'tank/s@a', 'tank/s@b', 'backup/same');
          assert.equal((await z.listSnapshots('backup/same')).length, 3);
        },
        async test_recv_incremental_snapname_used() {
          await run('sh', '-c', 'zfs receive -u backup/used </tmp/full && zfs snapshot backup/used@b');
          await failsWith(
            ['ZFS_INCREMENTAL_BASE_MISMATCH', 'ZFS_SNAPSHOT_EXISTS'],
            restore(z, 'tank/s@a', 'tank/s@b', 'backup/used'),
          );
        },
        async test_recv_incremental_unrelated_fs() {
          await run('sh', '-c', 'zfs send tank/other@a | zfs receive -u backup/unrelated');
          await failsWith(
            'ZFS_INCREMENTAL_BASE_MISMATCH',
            restore(z, 'tank/s@a', 'tank/s@b', 'backup/unrelated'),
          );
        },
        async test_recv_clone_without_origin() {
          await run('zfs', 'clone', 'tank/other@c', 'tank/clone');
          await run('zfs', 'snapshot', 'tank/clone@x');
          await shellFailsWith(
            z,
            'ZFS_ORIGIN_MISSING',
            'zfs send -i tank/other@c tank/clone@x | zfs receive -u backup/clone',
          );
        },
        async test_recv_clone() {
          // The origin is found by its guid, whatever it is called there.
          await run('zfs', 'clone', 'tank/s@a', 'tank/clone2');
          await run('zfs', 'snapshot', 'tank/clone2@x');
          await run('sh', '-c', 'zfs send -i tank/s@a tank/clone2@x | zfs receive -u backup/clone2');
          assert.match((await z.getProperty('backup/clone2', 'origin')).value, /^backup\/\w+@a$/);
        },
        async test_recv_bad_stream() {
          const stream = readFileSync('/tmp/full');
          writeFileSync('/tmp/noise', Buffer.alloc(64 * 1024, 7));
          await receive('ZFS_STREAM_BAD', 'backup/noise </tmp/noise');
          const flipped = Buffer.from(stream);
          flipped[stream.length >> 1] = (flipped[stream.length >> 1] ?? 0) ^ 1;
          writeFileSync('/tmp/flipped', flipped);
          await receive('ZFS_STREAM_CORRUPT', 'backup/flipped </tmp/flipped');
          writeFileSync('/tmp/cut', stream.subarray(0, stream.length >> 1));
          const cut = await shellFailsWith(
            z,
            'ZFS_STREAM_TRUNCATED',
            'zfs receive -u backup/cut </tmp/cut',
          ).catch(() => undefined);
          if (cut === undefined) await receive('ZFS_STREAM_CORRUPT', 'backup/cut </tmp/cut');
          for (const name of ['noise', 'flipped', 'cut'])
            assert.equal(await z.getDataset(`backup/${name}`), undefined);
        },
        async 'properties_exclude, properties_override, test_recv_with_cmdprops'() {
          await source('tank/props', 'compression=lz4', 'org.example:keep=1', 'org.example:drop=1');
          const plan = z.parseSnapshotName('tank/props@a');
          const reader = new z.DeltaReader('backup/props', {
            set: { compression: 'off', 'org.example:new': 'x y' },
            exclude: ['org.example:drop'],
          });
          const sent = await run('sh', '-c', `zfs send -p '${plan}' >/tmp/props && echo sent`);
          assert.equal(sent, 'sent\n');
          const stream = readFileSync('/tmp/props');
          for (let at = 0; at < stream.length; at += 65_536)
            await reader.restore(stream.subarray(at, at + 65_536));
          await reader.finish();
          const got = (
            await z.getProperties(
              ['backup/props'],
              ['compression', 'org.example:keep', 'org.example:drop', 'org.example:new'],
            )
          ).get('backup/props');
          assert.deepEqual(
            [...got.values()].map(({ value, source: { kind } }) => `${value} ${kind}`),
            ['off local', '1 received', '- none', 'x y local'],
          );
        },
        async test_recv_one_invalid_prop() {
          await failsWith(
            'ZFS_PROPERTY_INVALID',
            restore(z, undefined, 'tank/s@a', 'backup/bad', { set: { volsize: '1G' } }),
          );
          await failsWith(
            'ZFS_PROPERTY_INVALID',
            restore(z, undefined, 'tank/s@a', 'backup/bad', { set: { compression: 'nope' } }),
          );
          await failsWith(
            ['ZFS_PROPERTY_INVALID', 'NAME_INVALID', 'ZFS_UNKNOWN'],
            restore(z, undefined, 'tank/s@a', 'backup/bad', { set: { nosuchproperty: '1' } }),
          );
        },
        async readonly() {
          assert.equal((await z.getProperty('backup/full', 'readonly')).value, 'on');
          await restore(z, 'tank/s@b', 'tank/s@c', 'backup/full', { set: { readonly: 'off' } });
          assert.equal((await z.getProperty('backup/full', 'readonly')).value, 'off');
        },
        async 'a DeltaReader that is given up leaves the dataset as it was'() {
          const reader = new z.DeltaReader('backup/given-up');
          await reader.restore(readFileSync('/tmp/full').subarray(0, 200_000));
          await reader[Symbol.asyncDispose]();
          await untilNothingLeft(lab);
          assert.equal(await z.getDataset('backup/given-up'), undefined);
        },
      });
    },
  },
  {
    name: 'library: zrepl and pyzfs, partly received state and resume tokens',
    async run(lab) {
      await lab.createPools();
      const z = await loadLibrary();
      await source('tank/s');
      await run('sh', '-c', 'zfs send tank/s@a >/tmp/full && zfs send -i @a tank/s@b >/tmp/delta');
      const target = z.parseDatasetName('backup/partial');
      const cut = async (/** @type {string} */ file, /** @type {string} */ into) => {
        const half = statSync(file).size >> 1;
        const error = await shellFailsWith(
          z,
          'ZFS_STREAM_INTERRUPTED',
          `head -c ${half} ${file} | zfs receive -s -u ${into}`,
        );
        const text = (await z.getDataset(into)).receiveResumeToken;
        assert.ok(text, 'no token was left');
        assert.equal(error.fields.token, text);
        return z.parseResumeToken(text);
      };
      await runChecks({
        async 'ResumableRecvAndTokenHandling, test_recv_resume_token_full'() {
          const token = await cut('/tmp/full', target);
          assert.deepEqual(await z.listPartial(z.parseDatasetName('backup')), [target]);
          const plan = await z.planResume(token);
          assert.deepEqual(
            [plan.to, plan.toGuid, plan.fromGuid],
            ['tank/s@a', await guid(z, 'tank/s@a'), undefined],
          );
          assert.ok(plan.doneBytes > 0n, String(plan.doneBytes));
          await failsWith('ZFS_PARTIAL_STATE', restore(z, undefined, 'tank/s@a', target));
          await run('zfs', 'rename', 'tank/s@a', 'tank/s@renamed');
          assert.equal((await z.planResume(token)).to, 'tank/s@renamed');
          await run('zfs', 'rename', 'tank/s@renamed', 'tank/s@a');
          await run('sh', '-c', `zfs send -t ${token} | zfs receive -s -u ${target}`);
          assert.equal(await guid(z, `${target}@a`), plan.toGuid);
        },
        async test_recv_resume_token_incremental() {
          const token = await cut('/tmp/delta', target);
          assert.equal((await z.planResume(token)).fromGuid, await guid(z, 'tank/s@a'));
          await run('sh', '-c', `zfs send -t ${token} | zfs receive -s -u ${target}`);
          assert.equal(await guid(z, `${target}@b`), await guid(z, 'tank/s@b'));
        },
        async contains_partially_complete() {
          await cut('/tmp/full', 'backup/again');
          await shellFailsWith(
            z,
            'ZFS_PARTIAL_STATE',
            'zfs send -i @a tank/s@b | zfs receive -u backup/again',
          ).catch(async (reason) => {
            // 2.3 looks at the partly received dataset first, and finds that it has no snapshot to start from.
            assert.match(
              String(reason),
              /ZFS_(?:INCREMENTAL_BASE_MISMATCH|DATASET_BUSY|DESTINATION_MISSING)/,
            );
          });
          await z.abortPartial(z.parseDatasetName('backup/again'));
          await failsWith(
            ['ZFS_NO_PARTIAL_STATE', 'ZFS_DATASET_MISSING'],
            z.abortPartial(z.parseDatasetName('backup/again')),
          );
        },
        async 'snapshot_gone, replication_resume'() {
          await run('zfs', 'snapshot', 'tank/s@gone');
          await run('sh', '-c', 'zfs send tank/s@gone >/tmp/gone');
          const token = await cut('/tmp/gone', 'backup/gone');
          await run('zfs', 'destroy', 'tank/s@gone');
          await failsWith(['ZFS_RESUME_SNAPSHOT_GONE', 'ZFS_DATASET_MISSING'], z.planResume(token));
          await run('zfs', 'snapshot', 'tank/s@gone');
          await failsWith(['ZFS_RESUME_SNAPSHOT_CHANGED', 'ZFS_RESUME_SNAPSHOT_GONE'], z.planResume(token));
          await z.abortPartial(z.parseDatasetName('backup/gone'));
        },
        async dataset_gone() {
          await run('zfs', 'create', 'tank/leaves');
          writeContent('/pool/tank/leaves/x', MIB / 2);
          await run('zfs', 'snapshot', 'tank/leaves@a');
          await run('sh', '-c', 'zfs send tank/leaves@a >/tmp/leaves');
          const token = await cut('/tmp/leaves', 'backup/leaves');
          await run('zfs', 'destroy', '-r', 'tank/leaves');
          await failsWith(['ZFS_RESUME_SNAPSHOT_GONE', 'ZFS_DATASET_MISSING'], z.planResume(token));
          await z.abortPartial(z.parseDatasetName('backup/leaves'));
        },
        async ResumeTokenParsing() {
          // The second is cut: ZFS says the same of it.
          const cut = '1-bf31b879a-b8-789c636064000310a500';
          for (const text of ['garbage', cut])
            assert.throws(() => z.parseResumeToken(text), { code: 'ZFS_RESUME_TOKEN_CORRUPT' });
          await shellFailsWith(z, 'ZFS_RESUME_TOKEN_CORRUPT', `zfs send -t ${cut} >/dev/null`);
        },
        async 'ReceiveForceIntoEncryptedErr, unencrypted_to_encrypted'() {
          writeFileSync('/tmp/key', Buffer.alloc(32, 5));
          await run(
            'zfs',
            'create',
            '-o',
            'encryption=on',
            '-o',
            'keyformat=raw',
            '-o',
            'keylocation=file:///tmp/key',
            'backup/secret',
          );
          await shellFailsWith(z, 'ZFS_FORCE_OVER_ENCRYPTED', 'zfs receive -F -u backup/secret </tmp/full');
          // Below it the plain stream is encrypted as it arrives, and needs the key for that.
          await restore(z, undefined, 'tank/s@a', 'backup/secret/below');
          assert.equal((await z.getProperty('backup/secret/below', 'encryptionroot')).value, 'backup/secret');
          await run('zfs', 'unmount', 'backup/secret');
          await run('zfs', 'unload-key', '-r', 'backup/secret');
          await failsWith('ZFS_KEY_NOT_LOADED', restore(z, undefined, 'tank/s@a', 'backup/secret/other'));
        },
        async 'SendArgsValidationEE_EncryptionAndRaw, sending without the key'() {
          writeFileSync('/tmp/key', Buffer.alloc(32, 5));
          await run(
            'zfs',
            'create',
            '-o',
            'encryption=on',
            '-o',
            'keyformat=raw',
            '-o',
            'keylocation=file:///tmp/key',
            'tank/secret',
          );
          writeContent('/pool/tank/secret/x', MIB / 4);
          await run('zfs', 'snapshot', 'tank/secret@a');
          await shellFailsWith(z, 'ZFS_PROPERTIES_NEED_RAW', 'zfs send -p tank/secret@a >/dev/null');
          await run('zfs', 'unmount', 'tank/secret');
          await run('zfs', 'unload-key', 'tank/secret');
          await failsWith('ZFS_SOURCE_KEY_NOT_LOADED', collect(new z.Delta(undefined, 'tank/secret@a')));
          const raw = { kind: 'full', to: z.parseSnapshotName('tank/secret@a'), raw: true };
          assert.ok((await z.estimateSend(raw)) > 0n);
          await run('sh', '-c', 'zfs send -w tank/secret@a | zfs receive -u backup/raw');
          assert.equal(await guid(z, 'backup/raw@a'), await guid(z, 'tank/secret@a'));
        },
      });
    },
  },
  {
    name: "library: the seed's snippets, as they stand in the documents",
    async run(lab) {
      await lab.createPool('pool');
      await lab.createPool('backup');
      const z = await loadLibrary();
      const example = (/** @type {string} */ name) => import(`/share/zwire/examples/${name}.js`);
      await run('zfs', 'create', '-o', 'mountpoint=/pool/testpool', 'pool/testpool');
      await run('zfs', 'snapshot', 'pool/testpool@base');
      await example('list-snapshots');
      await example('take-and-destroy');
      assert.deepEqual((await z.listSnapshots('pool/testpool')).length, 1);
      await Promise.all([example('receive-delta'), example('send-delta')]);
      const arrived = (await z.listSnapshots('backup/testpool')).map((/** @type {any} */ each) => each.name);
      assert.deepEqual(arrived, ['backup/testpool@before', 'backup/testpool@after']);
      const there = await lab.mount('backup/testpool@after');
      assert.match(readFileSync(`${there}/test.txt`, 'utf8'), /^\d{4}-\d\d-\d\dT/);
      // Rolled back to @base: the file that was written between the snapshots is gone.
      assert.deepEqual(
        (await z.listSnapshots('pool/testpool')).map((/** @type {any} */ each) => each.name),
        ['pool/testpool@base'],
      );
      assert.throws(() => statSync('/pool/testpool/test.txt'), { code: 'ENOENT' });
      await run('zfs', 'snapshot', 'pool/testpool@newer');
      await example('roll-back');
      assert.equal((await z.listSnapshots('pool/testpool')).length, 1);
      await example('replication-parts');
      const marks = await z.listBookmarks('pool/testpool');
      assert.deepEqual(
        marks.map((/** @type {any} */ each) => each.name),
        ['pool/testpool#monday'],
      );
      await example('send-to-file');
      assert.match(await run('zstream', 'dump', '/tmp/testpool.zfs'), /toname = pool\/testpool@base/);
    },
  },
];

/**
 * A killed `zfs` leaves the kernel when its transaction group is through, which takes its time under emulation; the
 * limit of the case bounds it.
 *
 * @param {import('../lab.mjs').Lab} lab
 */
async function untilNothingLeft(lab) {
  for (;;) {
    const left = await lab.assertNothingLeft().catch((/** @type {Error} */ error) => error);
    if (left === undefined) return;
    await run('zpool', 'sync');
  }
}

/**
 * @param {any} z
 * @param {string} name
 * @returns {Promise<bigint>}
 */
async function guid(z, name) {
  const found = await z.getSnapshot(name);
  assert.ok(found, `no ${name}`);
  return found.guid;
}
