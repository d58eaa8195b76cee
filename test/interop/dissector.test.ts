// `zwire dissector`, as a user runs it.
import { execFileSync, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { luaFields } from '../../src/cli/render/lua-layout.ts';
import { buildFrame } from '../netns/frame.ts';
import { ADMIN_ENV, ZWIRE } from '../netns/side.ts';
import { ADDRESSES } from './frames.ts';
import { writeCapture } from './tshark.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'zwire-home-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const environment = (): NodeJS.ProcessEnv => ({
  ...ADMIN_ENV,
  HOME: home,
  XDG_CONFIG_HOME: '',
  LC_ALL: 'C.UTF-8',
});

function dissector(
  args: readonly string[],
  env: NodeJS.ProcessEnv = environment(),
): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [ZWIRE, 'dissector', ...args], { env, encoding: 'utf8' });
}

it('prints every field of the layouts', () => {
  const { stdout, status } = dissector([]);
  expect(status).toBe(0);
  for (const [filter, line] of luaFields()) expect(stdout).toContain(`["${filter}"] = ${line},`);
});

it('--install puts it where tshark finds it, once', () => {
  const first = dissector(['--install', '--json']);
  expect(first.status).toBe(0);
  expect(JSON.parse(first.stdout)).toMatchObject({ event: 'dissector', written: true });
  const path = /"path":"([^"]+)"/.exec(first.stdout)?.[1] ?? '';
  expect(path.startsWith(home)).toBe(true);
  expect(readFileSync(path, 'utf8')).toBe(dissector([]).stdout);
  const { mtimeMs, ino } = statSync(path);
  const second = dissector(['--install']);
  expect(second.stdout).toContain(`${path} is up to date`);
  expect(second.stdout).toContain('tshark -r run.pcap -Y zwire');
  expect(statSync(path)).toMatchObject({ mtimeMs, ino });
  const capture = join(home, 'one.pcap');
  writeCapture(capture, [buildFrame({ ...ADDRESSES, payload: Buffer.from([4, 0]) })]);
  const shown = execFileSync('tshark', ['-r', capture], { env: environment(), encoding: 'utf8' });
  expect(shown).toMatch(/ZWIRE v0 44 end/);
});

it('--install goes by the usual place where there is no tshark', () => {
  const { stdout, status } = dissector(['--install', '--json'], { ...environment(), PATH: '/nonexistent' });
  // The sbin directories are always searched; tshark is in none of them.
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ path: join(home, '.local/lib/wireshark/plugins/zwire.lua') });
});

it('says that a file cannot be written, and what does not go together', () => {
  const unwritable = dissector(['--output', '/proc/zwire.lua']);
  expect(unwritable.status).toBe(5);
  expect(unwritable.stderr).toContain('FILE_UNWRITABLE');
  expect(dissector(['--install', '--output', 'x.lua']).status).toBe(2);
});

it('every filter of docs/operations/wireshark.md is one that Wireshark knows', () => {
  const document = readFileSync(new URL('../../docs/operations/wireshark.md', import.meta.url), 'utf8');
  const table = document.split('| filter | shows |')[1]?.split('\n\n')[0] ?? '';
  const filters = [...table.matchAll(/`((?:zwire|json)[^`]*)`/g)].map((match) => `(${match[1] ?? ''})`);
  expect(filters.length).toBeGreaterThan(15);
  const script = join(home, 'zwire.lua');
  dissector(['--output', script]);
  const capture = join(home, 'one.pcap');
  writeCapture(capture, [buildFrame({ ...ADDRESSES, payload: Buffer.from([4, 0]) })]);
  const argv = ['-X', `lua_script:${script}`, '-r', capture, '-Y', filters.join(' || ')];
  const { status, stderr } = spawnSync('tshark', argv, { env: environment(), encoding: 'utf8' });
  expect(stderr.replace(/^Running as user "root".*\n/m, '')).toBe('');
  expect(status).toBe(0);
});
