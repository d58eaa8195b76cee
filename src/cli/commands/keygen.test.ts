import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fakeContext } from '../../../test/cli/fake-context.ts';
import { parsePublicKey } from '../../seal/public-key.ts';
import { runCommandLine } from '../command-line.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'zwire-keygen-'));
});
afterEach(() => {
  rmSync(home, { recursive: true, force: true });
});

async function keygen(...args: string[]): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const context = fakeContext();
  Object.assign(context.process.env, { HOME: home });
  const exitCode = await runCommandLine(['keygen', ...args], context);
  return { exitCode, stdout: context.process.stdout.text, stderr: context.process.stderr.text };
}

it('makes the key of this host, prints its public line, and never replaces it', async () => {
  const made = await keygen('--comment', 'root@web 1');
  expect(made.exitCode).toBe(0);
  expect(made.stdout).toMatch(/^zwire1 [A-Za-z0-9+/]{43}= root@web 1\n$/);
  const path = join(home, '.config', 'zwire', 'host_key');
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(join(home, '.config', 'zwire')).mode & 0o077).toBe(0);
  const [, base64 = ''] = made.stdout.split(' ');
  expect(readFileSync(path, 'latin1')).toContain(base64);

  const again = await keygen();
  expect(again).toMatchObject({ exitCode: 2, stdout: '' });
  expect(again.stderr).toContain('KEY_FILE_EXISTS');

  const shown = await keygen('--public', '--comment', 'x');
  expect(shown.stdout).toBe(made.stdout.replace('root@web 1', 'x'));
  expect(parsePublicKey(shown.stdout).comment).toBe('x');
});

it('makes a shared key, which is not shown', async () => {
  const path = join(home, 'shared');
  const made = await keygen('--shared', '--output', path);
  expect(made).toMatchObject({ exitCode: 0, stdout: '' });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const secret = /zwire-shared1 (\S+)/.exec(readFileSync(path, 'latin1'))?.[1] ?? '';
  expect(secret).toHaveLength(44);
  expect(made.stderr).not.toContain(secret);
  expect(await keygen('--shared')).toMatchObject({ exitCode: 2 });
  expect(await keygen('--shared', '--public', '--output', path)).toMatchObject({ exitCode: 2 });
});
