/**
 * What zwire/stream says of streams that this ZFS makes, compared with `zstream dump -v` field by field.
 */
import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  openSync,
  writeSync,
  closeSync,
} from 'node:fs';
import { run, tryRun } from '../command.mjs';
import { property } from '../replica.mjs';
import { writeContent } from '../content.mjs';
import { compareWithDump } from '../zstream-dump.mjs';

/** The built project in the guest. */
const PROJECT = '/share/zwire';
const KIB = 1024;
const MIB = 1024 * KIB;

/** @typedef {typeof import('../../../../src/stream.ts')} StreamLibrary */

/** @returns {Promise<StreamLibrary>} the library as it is built; not on the host, which only wants the names of cases */
function streamLibrary() {
  return import(`${PROJECT}/dist/stream.js`);
}

/**
 * Attributes too large for a dnode, so that a spill block holds them. Node has no call for this.
 *
 * @param {string} path
 * @param {number} count
 */
async function setAttributes(path, count) {
  const code = `
    import koffi from '${PROJECT}/node_modules/koffi/index.js';
    const set = koffi.load('libc.so.6').func('int setxattr(str, str, str, size_t, int)');
    for (let i = 0; i < ${count}; i++) {
      if (set(${JSON.stringify(path)}, 'user.attribute' + i, 'x'.repeat(200), 200, 0) !== 0) throw new Error('errno ' + koffi.errno());
    }`;
  await run(process.execPath, '--input-type=module', '-e', code);
}

/** Of every kind of block something: compressible, random, small enough to be embedded, a hole, a spill block. */
async function makeFiles() {
  const small = ['-o', 'compression=lz4', '-o', 'xattr=sa', '-o', 'dnodesize=legacy'];
  await run('zfs', 'create', ...small, 'tank/data');
  writeFileSync('/pool/tank/data/compressible', 'a line that comes again and again\n'.repeat(6000));
  writeContent('/pool/tank/data/random', 40 * KIB);
  writeFileSync('/pool/tank/data/embedded', 'z'.repeat(400));
  writeFileSync('/pool/tank/data/sparse', '');
  truncateSync('/pool/tank/data/sparse', 10 * MIB);
  const fd = openSync('/pool/tank/data/sparse', 'r+');
  writeSync(fd, 'in the middle of nothing', 5 * MIB);
  closeSync(fd);
  await setAttributes('/pool/tank/data/embedded', 3);
  await run('zfs', 'snapshot', 'tank/data@a');
  rmSync('/pool/tank/data/random');
  writeFileSync('/pool/tank/data/new', 'new\n'.repeat(1000));
  mkdirSync('/pool/tank/data/folder');
  await run('zfs', 'snapshot', 'tank/data@b');
  await run('zfs', 'hold', 'kept', 'tank/data@a', 'tank/data@b');
}

/** Large blocks and large dnodes; a volume; an encrypted dataset; a clone and a redaction bookmark of it. */
async function makeOthers() {
  await run('zfs', 'create', '-o', 'recordsize=1M', '-o', 'dnodesize=1k', '-o', 'xattr=sa', 'tank/large');
  writeFileSync('/pool/tank/large/file', 'large blocks '.repeat(120_000));
  await setAttributes('/pool/tank/large/file', 1);
  await run('zfs', 'snapshot', 'tank/large@a');
  await run('zfs', 'create', '-V', '8M', 'tank/volume');
  await run('udevadm', 'settle');
  writeContent('/dev/zvol/tank/volume', 64 * KIB);
  await run('zfs', 'snapshot', 'tank/volume@a');
  writeFileSync('/tmp/stream-key', Buffer.alloc(32, 7));
  const encrypted = [
    '-o',
    'encryption=aes-256-gcm',
    '-o',
    'keyformat=raw',
    '-o',
    'keylocation=file:///tmp/stream-key',
  ];
  await run('zfs', 'create', ...encrypted, 'tank/secret');
  writeFileSync('/pool/tank/secret/file', 'secret '.repeat(5000));
  await run('zfs', 'snapshot', 'tank/secret@a');
  writeFileSync('/pool/tank/secret/file', 'another secret '.repeat(500));
  await run('zfs', 'snapshot', 'tank/secret@b');
  await run('zfs', 'clone', 'tank/data@a', 'tank/clone');
  writeFileSync('/pool/tank/clone/compressible', 'nothing to be seen here');
  await run('zfs', 'snapshot', 'tank/clone@redaction');
  await run('zfs', 'redact', 'tank/data@a', 'redacted', 'tank/clone@redaction');
}

/** Streams by what makes them; SAVED and RESUMED are of a receive that was interrupted. */
const STREAMS = [
  ['plain', 'tank/data@a'],
  ['compressed', '-c tank/data@a'],
  ['embedded', '-e tank/data@a'],
  ['compressed and embedded', '-ce tank/data@a'],
  ['large blocks', '-L tank/large@a'],
  ['without large blocks', 'tank/large@a'],
  ['raw, not encrypted', '-w tank/data@a'],
  ['raw, encrypted', '-w tank/secret@a'],
  ['raw increment', '-w -i @a tank/secret@b'],
  ['increment', '-i @a tank/data@b'],
  ['clone', '-i tank/data@a tank/clone@redaction'],
  ['all between', '-I @a tank/data@b'],
  ['replication', '-R tank/data@b'],
  ['raw replication', '-Rw tank/secret@b'],
  ['properties', '-p tank/data@a'],
  ['backup', '-b tank/data@a'],
  ['holds', '-h tank/data@b'],
  ['redacted', '--redact redacted tank/data@a'],
  ['volume', 'tank/volume@a'],
];

/** @returns {Promise<string>} the resume token of an interrupted receive */
async function interruptReceive() {
  const pipe = 'zfs send -L tank/large@a | head -c 1300000 | zfs receive -s backup/large';
  const { exitCode } = await tryRun('sh', '-c', pipe);
  assert.notEqual(exitCode, 0);
  return property('backup/large', 'receive_resume_token');
}

/**
 * @param {StreamLibrary} library
 * @param {string} directory
 * @param {string} name of the stream
 * @param {string} words after `zfs send`
 * @returns {Promise<number>} fields compared
 */
async function compareStream({ StreamReader }, directory, name, words) {
  const file = `${directory}/${name.replaceAll(/\W+/g, '-')}`;
  await run('sh', '-c', `zfs send ${words} > ${file}`);
  const dump = await run('zstream', 'dump', '-v', file);
  const reader = new StreamReader({ partial: name === 'saved' });
  const records = [];
  const stream = readFileSync(file);
  for (let at = 0; at < stream.length; at += 65_536)
    records.push(...reader.read(stream.subarray(at, at + 65_536)));
  const { complete } = reader.finish();
  assert.equal(complete, name !== 'saved');
  const { differences, fields } = compareWithDump(dump, records);
  assert.deepEqual(differences, [], `${name}: zfs send ${words}`);
  return fields;
}

/**
 * `zfs send -nvt` prints the nvlist of a token.
 *
 * @param {StreamLibrary} library
 * @param {string} token
 */
async function compareToken({ decodeResumeToken }, token) {
  const { stdout, stderr } = await tryRun('zfs', 'send', '-nvt', token);
  const theirs = new Map(
    Array.from(`${stdout}${stderr}`.matchAll(/^\t(\w+) = (.*)$/gm), ([, name, value]) => [name, value]),
  );
  const ours = decodeResumeToken(token);
  const hex = (/** @type {bigint} */ value) => `0x${value.toString(16)}`;
  assert.deepEqual(
    Object.fromEntries(theirs),
    {
      object: hex(ours.object),
      offset: hex(ours.offset),
      bytes: hex(ours.bytes),
      toguid: hex(ours.toGuid),
      toname: ours.toName,
      ...(ours.largeBlocks ? { largeblockok: '1' } : {}),
    },
    `token ${token}`,
  );
  assert.equal(ours.largeBlocks, true);
}

/** @type {readonly import('../all-cases.mjs').Case[]} */
export const streamCases = [
  {
    name: 'streams of every kind: zwire/stream says what zstream dump -v says',
    timeoutMs: 600_000,
    async run(lab) {
      await lab.createPools();
      const directory = mkdtempSync('/tmp/streams-');
      try {
        await makeFiles();
        await makeOthers();
        const library = await streamLibrary();
        const token = await interruptReceive();
        await compareToken(library, token);
        const all = [...STREAMS, ['saved', '--saved backup/large'], ['resumed', `-t ${token}`]];
        let fields = 0;
        for (const [name = '', words = ''] of all)
          fields += await compareStream(library, directory, name, words);
        assert.ok(fields > 1000, `only ${fields} fields were compared`);
        const said = await run(
          process.execPath,
          `${PROJECT}/bin/zwire.mjs`,
          'inspect',
          `${directory}/replication`,
        );
        assert.match(said, /^tank\/data@b: package$/m);
        assert.match(said, /^complete: \d+ records, 2 substreams/m);
      } finally {
        rmSync(directory, { recursive: true });
      }
    },
  },
];
