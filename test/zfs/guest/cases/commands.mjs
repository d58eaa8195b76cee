/**
 * `zwire list`, `snapshot`, `destroy`, `rollback`, `hold`, `release` and `bookmark` on a real pool: what they print as
 * JSON is what ZFS says afterwards, and what only asks (`--dry-run`, no `--yes`) changes nothing. Each start of the
 * command line costs seconds in there, so that each does as much as it can.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { run, tryRun } from '../command.mjs';
import { fingerprint } from '../replica.mjs';

/** The words that people may have in names. */
const DATA = 'tank/my data';
const HELD = ['ZFS_SNAPSHOT_HELD', 'ZFS_DATASET_BUSY'];

/**
 * @param {number} wanted exit code
 * @param {...string} words
 * @returns {Promise<any[]>} the lines
 */
async function zwire(wanted, ...words) {
  const bin = '/share/zwire/bin/zwire.mjs';
  const { exitCode, stdout, stderr } = await tryRun(process.execPath, bin, ...words, '--json');
  assert.equal(exitCode, wanted, `zwire ${words.join(' ')}: ${stdout}${stderr}`);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/**
 * A dry run, and one without consent: both say something, neither does anything.
 *
 * @param {...string} words
 * @returns {Promise<any[]>} the lines of the dry run
 */
async function onlyAsks(...words) {
  const before = await fingerprint('tank');
  const lines = await zwire(0, ...words, '--dry-run');
  assert.equal((await zwire(2, ...words)).at(-1).code, 'CONSENT_REQUIRED');
  assert.equal(await fingerprint('tank'), before);
  return lines;
}

/** @type {readonly import('../all-cases.mjs').Case[]} */
export const commandCases = [
  {
    name: 'commands: list, snapshot, hold, bookmark, rollback, release, destroy',
    async run(lab) {
      await lab.createPool('tank');
      await run('zfs', 'create', DATA);
      await run('zfs', 'create', `${DATA}/child`);

      const taken = await zwire(0, 'snapshot', '-r', `${DATA}@a`, '--property', 'org.example:job=x y');
      assert.deepEqual(taken, [{ snapshot: `${DATA}@a` }]);
      const read = await run('zfs', 'get', '-Hpo', 'value', 'org.example:job', `${DATA}/child@a`);
      assert.equal(read, 'x y\n');
      writeFileSync(`/pool/tank/my data/file`, Buffer.alloc(300_000, 1));
      await zwire(0, 'snapshot', `${DATA}@b 2`, `${DATA}/child@b 2`);

      const tag = 'zwire:my job';
      const held = await zwire(0, 'hold', tag, `${DATA}@a`, `${DATA}@b 2`);
      assert.deepEqual(
        held.map(({ name, outcome }) => `${outcome} ${name}`),
        [`held ${DATA}@a`, `held ${DATA}@b 2`],
      );
      const kept = await zwire(1, 'destroy', `${DATA}@b 2`, `${DATA}@gone`, '--yes');
      assert.deepEqual(
        kept.slice(0, 2).map(({ outcome }) => outcome),
        ['kept', 'absent'],
      );
      assert.ok(HELD.includes(kept[0].code), kept[0].code);
      const released = await zwire(0, 'release', tag, `${DATA}@a`, `${DATA}@b 2`, `${DATA}/child@a`);
      assert.deepEqual(
        released.map(({ outcome }) => outcome),
        ['released', 'released', 'unchanged'],
      );
      assert.deepEqual(await zwire(0, 'bookmark', `${DATA}@b 2`, '#mark 1'), [
        { bookmark: `${DATA}#mark 1`, source: `${DATA}@b 2`, outcome: 'created' },
      ]);

      const columns = ['type', 'name', 'guid', 'createtxg', 'used'];
      const listed = await zwire(0, 'list', DATA, '-t', 'all', '-o', 'used');
      assert.equal(listed.length, 7);
      assert.deepEqual(
        listed.map((line) => columns.map((column) => line[column] ?? line.properties[column]).join('\t')),
        (await run('zfs', 'list', '-Hpr', '-t', 'all', '-o', columns.join(), DATA)).trim().split('\n'),
      );

      const lost = await onlyAsks('rollback', `${DATA}@a`);
      assert.deepEqual(
        lost.slice(0, 2).map(({ name, outcome }) => `${outcome} ${name}`),
        [`would lose ${DATA}@b 2`, `would lose ${DATA}#mark 1`],
      );
      assert.ok(Number(lost.at(-1).writtenBytes) > 0 && lost.at(-1).done === false);
      assert.equal((await zwire(0, 'rollback', `${DATA}@a`, '--yes')).at(-1).done, true);
      const left = await run('zfs', 'list', '-Hd1', '-t', 'snapshot,bookmark', '-o', 'name', DATA);
      assert.equal(left, `${DATA}@a\n`);

      const gone = await onlyAsks('destroy', '-r', DATA);
      // The datasets and their snapshots, then what comes free.
      assert.equal(gone.length, 6);
      assert.equal((await zwire(0, 'destroy', '-r', DATA, '--yes')).length, 6);
      assert.equal(await run('zfs', 'list', '-Hr', '-t', 'all', '-o', 'name', 'tank'), 'tank\n');
    },
  },
];
