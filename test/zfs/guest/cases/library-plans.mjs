/**
 * Plans of every kind (whole, -I, -R, saved, resumed), run through the library on real pools: what arrives is compared
 * by guid and by content, and what `zfs send -vP` says on the way is read.
 */
import assert from 'node:assert/strict';
import { closeSync, constants, openSync, readFileSync, statSync } from 'node:fs';
import { run, tryRun } from '../command.mjs';
import { hashTree, writeContent } from '../content.mjs';
import { failsWith, loadLibrary, runChecks, shellFailsWith } from '../library.mjs';

const MIB = 2 ** 20;

/** @type {readonly import('../all-cases.mjs').Case[]} */
export const libraryPlanCases = [
  {
    name: 'library: plans of every kind, and what they say while they run',
    async run(lab) {
      await lab.createPools();
      const z = await loadLibrary();
      const tree = async () => {
        await run('zfs', 'create', 'tank/t');
        await run('zfs', 'create', 'tank/t/child one');
        for (const snap of ['a', 'b', 'c', 'd']) {
          writeContent(`/pool/tank/t/${snap}`, MIB / 4);
          writeContent(`/pool/tank/t/child one/${snap}`, MIB / 8);
          await run('zfs', 'snapshot', '-r', `tank/t@${snap}`);
        }
      };
      await tree();
      const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((snap) => z.parseSnapshotName(`tank/t@${snap}`));
      await runChecks({
        async 'full, then the snapshots between (-I)'() {
          const { planned } = await sentTo(z, { kind: 'full', to: a }, '/tmp/full');
          assert.deepEqual(planned, ['tank/t@a']);
          await run('sh', '-c', 'zfs receive -u backup/between </tmp/full');
          const between = await sentTo(
            z,
            { kind: 'incremental', from: a, to: c, intermediates: true },
            '/tmp/between',
          );
          assert.deepEqual(between.planned, [b, c]);
          assert.equal(between.sizeBytes, await z.estimateSend(between.plan));
          await run('sh', '-c', 'zfs receive -u backup/between </tmp/between');
          await assertSame(lab, 'tank/t', 'backup/between', ['a', 'b', 'c']);
        },
        async 'with all below (-R), and then what is newer (-R -I), by plans'() {
          const whole = await sentTo(z, { kind: 'recursive', to: b, intermediates: false }, '/tmp/whole');
          assert.equal(whole.planned.length, 4);
          await run('sh', '-c', 'zfs receive -u backup/plans </tmp/whole');
          await sentTo(z, { kind: 'recursive', from: b, to: d, intermediates: true }, '/tmp/newer');
          await run('sh', '-c', 'zfs receive -u backup/plans </tmp/newer');
          await assertSame(lab, 'tank/t', 'backup/plans', ['a', 'b', 'c', 'd']);
          await assertSame(lab, 'tank/t/child one', 'backup/plans/child one', ['a', 'b', 'c', 'd']);
        },
        async 'the same with Delta, deliver, Receiver and DeltaReader'() {
          const legs = [
            [undefined, b, { recursive: true }],
            [b, d, { recursive: true, intermediates: true }],
          ];
          for (const [from, to, options] of legs) {
            const reader = new z.DeltaReader('backup/delivered', { recursive: true });
            // A machine that is emulated on a busy host stands still for longer than a peer may be silent.
            const patience = { insecure: true, timeoutMs: 120_000 };
            const receiver = new z.Receiver({
              address: '127.0.0.1',
              ...patience,
              confirm: () => reader.finish(),
            });
            const taking = (async () => {
              for await (const chunk of receiver) await reader.restore(chunk);
            })();
            const delta = new z.Delta(from, to, options);
            await Promise.all([
              z.deliver(delta, { to: '127.0.0.1', ...patience, joinTimeoutMs: 120_000 }),
              taking,
            ]);
          }
          await assertSame(lab, 'tank/t', 'backup/delivered', ['a', 'b', 'c', 'd']);
          await assertSame(lab, 'tank/t/child one', 'backup/delivered/child one', ['a', 'b', 'c', 'd']);
          const properties = await z.getProperties(
            ['backup/delivered', 'backup/delivered/child one'],
            ['readonly', 'canmount', 'setuid', 'mounted'],
          );
          for (const of of properties.values())
            assert.deepEqual(
              [...of.values()].map(({ value }) => value),
              ['on', 'noauto', 'off', 'no'],
            );
        },
        async 'saved (-S), and resumed from where that ends (-t)'() {
          await run('sh', '-c', 'zfs send tank/t@d >/tmp/d');
          const half = statSync('/tmp/d').size >> 1;
          await shellFailsWith(
            z,
            'ZFS_STREAM_INTERRUPTED',
            `head -c ${half} /tmp/d | zfs receive -s -u backup/first`,
          );
          const first = z.parseDatasetName('backup/first');
          const second = z.parseDatasetName('backup/second');
          await sentTo(z, { kind: 'saved', dataset: first }, '/tmp/saved');
          // What was saved is partly received again, and no more than that.
          await tryRun('sh', '-c', `zfs receive -s -u ${second} </tmp/saved`);
          const tokens = [];
          for (const name of [first, second])
            tokens.push(z.parseResumeToken((await z.getDataset(name)).receiveResumeToken));
          /** @type {any[]} */
          const plans = [];
          for (const token of tokens) plans.push(await z.planResume(token));
          assert.deepEqual(
            plans.map(({ to, toGuid }) => [to, toGuid]),
            [0, 1].map(() => [d, plans[0]?.toGuid]),
          );
          assert.equal(plans[0]?.toGuid, (await z.getSnapshot(d)).guid);
          const rest = await sentTo(z, { kind: 'resume', token: tokens[1] }, '/tmp/rest');
          assert.deepEqual(rest.planned, [d]);
          await run('sh', '-c', `zfs receive -s -u ${second} </tmp/rest`);
          await assertSame(lab, 'tank/t', second, ['d']);
          await z.abortPartial(first);
        },
        async 'what it has sent is said once a second'() {
          // The reader comes when the first of these lines does: until then the pipe is full.
          await run('mkfifo', '/tmp/fifo');
          const hold = openSync('/tmp/fifo', constants.O_RDWR);
          /** @type {Promise<string> | undefined} */
          let reading;
          /** @type {any[]} */
          const sent = [];
          for await (const progress of z.sendTo({ kind: 'full', to: d }, hold)) {
            if (progress.kind === 'sent') sent.push(progress);
            if (progress.kind === 'sent') reading ??= run('sh', '-c', 'zstream dump </tmp/fifo >/tmp/dumped');
          }
          closeSync(hold);
          await reading;
          assert.ok(sent.length > 0);
          for (const { snapshot, sentBytes } of sent)
            assert.ok(snapshot === d && sentBytes >= 0n && sentBytes < 10n * BigInt(MIB), String(sentBytes));
          assert.match(readFileSync('/tmp/dumped', 'utf8'), /Total records = \d+/);
        },
        async 'what zfs says stands in the error'() {
          const gone = { kind: 'saved', dataset: z.parseDatasetName('tank/t') };
          await failsWith(['ZFS_NO_PARTIAL_STATE', 'ZFS_UNKNOWN'], sentTo(z, gone, '/tmp/none'));
        },
      });
    },
  },
];

/**
 * Sends a plan into a file.
 *
 * @param {any} z
 * @param {any} plan
 * @param {string} file
 * @returns {Promise<{ plan: any, planned: string[], sizeBytes: bigint | undefined }>} what was said of it
 */
async function sentTo(z, plan, file) {
  const fd = openSync(file, 'w');
  const planned = [];
  let sizeBytes;
  try {
    for await (const progress of z.sendTo(plan, fd)) {
      if (progress.kind === 'planned') planned.push(progress.snapshot);
      if (progress.kind === 'size') ({ sizeBytes } = progress);
    }
  } finally {
    closeSync(fd);
  }
  return { plan, planned, sizeBytes };
}

/**
 * Exactly these snapshots stand there, the same by guid, and the last one by content.
 *
 * @param {import('../lab.mjs').Lab} lab
 * @param {string} from
 * @param {string} to
 * @param {readonly string[]} snaps
 */
async function assertSame(lab, from, to, snaps) {
  const list = async (/** @type {string} */ dataset) =>
    (await run('zfs', 'list', '-Hpd1', '-t', 'snapshot', '-o', 'name,guid', dataset))
      .trim()
      .split('\n')
      .map((line) => line.slice(dataset.length));
  const sent = await list(from);
  const wanted = sent.filter((line) => snaps.includes(line.split('\t')[0]?.slice(1) ?? ''));
  assert.equal(wanted.length, snaps.length);
  assert.deepEqual(await list(to), wanted);
  const last = snaps.at(-1);
  const [there, here] = [await lab.mount(`${to}@${last}`), await lab.mount(`${from}@${last}`)];
  assert.equal(hashTree(there), hashTree(here), `content of ${to}@${last}`);
}
