/**
 * What the lab itself promises, with nothing of zwire's own: when these fail, look at the lab first.
 */
import assert from 'node:assert/strict';
import { run } from '../command.mjs';
import { hashTree, writeContent } from '../content.mjs';

/** @type {readonly import('../all-cases.mjs').Case[]} */
export const smokeCases = [
  {
    name: 'smoke: the planned OpenZFS runs, module and programs alike',
    needsCli: false,
    async run(lab) {
      const lines = (await run('zfs', 'version')).trim().split('\n');
      assert.equal(lines.length, 2);
      for (const line of lines) {
        assert.ok(line.replace(/^zfs-(kmod-)?/, '').startsWith(`${lab.plan.version}.`), line);
      }
    },
  },
  {
    name: 'smoke: a dataset crosses a pipe from pool to pool',
    needsCli: false,
    async run(lab) {
      await lab.createPools();
      await run('zfs', 'create', 'tank/data');
      writeContent('/pool/tank/data/file', 8 * 2 ** 20);
      await run('zfs', 'snapshot', 'tank/data@monday');
      await run('sh', '-c', 'zfs send tank/data@monday | zfs receive -u backup/data');
      const sent = hashTree(await lab.mount('tank/data@monday'));
      assert.equal(hashTree(await lab.mount('backup/data@monday')), sent);
      assert.match(sent, /^file 644 \d+ 8388608 [0-9a-f]{32}$/);
    },
  },
  {
    name: 'smoke: koffi loads and opens a packet socket',
    needsCli: false,
    async run() {
      const code = `
        import koffi from '/share/zwire/node_modules/koffi/index.js';
        const socket = koffi.load('libc.so.6').func('int socket(int, int, int)');
        const fd = socket(17, 3, 0x0008);
        if (fd < 0) throw new Error('no packet socket: errno ' + koffi.errno());`;
      await run('nsenter', '--net=/run/netns/zb', process.execPath, '--input-type=module', '-e', code);
    },
  },
  {
    name: 'smoke: the two namespaces reach each other',
    needsCli: false,
    async run() {
      const code = `
        import { createSocket } from 'node:dgram';
        const socket = createSocket('udp4');
        socket.send('x'.repeat(8000), 1337, '198.18.0.2', (error) => { if (error) throw error; socket.close(); });`;
      const before = await receivedPackets();
      await run('nsenter', '--net=/run/netns/za', process.execPath, '--input-type=module', '-e', code);
      assert.ok((await receivedPackets()) > before);
    },
  },
];

/** @returns {Promise<number>} packets that came in through vzb */
async function receivedPackets() {
  const text = await run('ip', '-n', 'zb', '-s', '-j', 'link', 'show', 'dev', 'vzb');
  return JSON.parse(text)[0].stats64.rx.packets;
}
