// The systemd unit: rated by systemd itself, and its command line read by ours.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { receiveCommand } from '../src/cli/commands/receive-command.ts';
import { type ReceiveFlags, receiveRequest } from '../src/cli/request/receive-request.ts';
import { scanFlags } from './cli/scan-flags.ts';

const UNIT = fileURLToPath(new URL('../contrib/systemd/zwire-receive@.service', import.meta.url));

test('systemd-analyze security rates it below 3.0', async () => {
  // --threshold is in tenths: the exit code says whether the exposure is above it.
  const args = ['security', '--offline=yes', '--threshold=29', '--no-pager', UNIT];
  const { stdout } = await promisify(execFile)('systemd-analyze', args);
  expect(stdout).toMatch(/Overall exposure level for \S+: [0-2]\.\d /);
});

test('its command can be typed', async () => {
  const unit = readFileSync(UNIT, 'utf8');
  const command = /^ExecStart=\S+ receive (.*)$/m.exec(unit)?.[1] ?? '';
  const words = command.replaceAll('%I', 'eth1').replaceAll('${ZWIRE_INTO}', 'backup/hosts');
  const { flags, stderr } = await scanFlags<ReceiveFlags>(receiveCommand, words);
  expect(stderr).toBe('');
  expect(flags === undefined ? undefined : receiveRequest(flags)).toMatchObject({
    target: { kind: 'into', dataset: 'backup/hosts' },
    keys: { stateDirectory: '/var/lib/zwire' },
  });
});
