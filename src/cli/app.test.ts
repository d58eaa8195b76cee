import { describe, expect, it } from 'vitest';
import { readFileSync } from 'node:fs';
import { fakeContext } from '../../test/cli/fake-context.ts';
import { runCommandLine } from './command-line.ts';

async function said(line: string): Promise<{ exitCode: number; stdout: string; stderr: string }> {
  const context = fakeContext();
  const exitCode = await runCommandLine(line.split(' ').filter(Boolean), context);
  return { exitCode, stdout: context.process.stdout.text, stderr: context.process.stderr.text };
}

const HELP_COLUMNS_MAX = 110;

describe('help', () => {
  it.each(['', '--help', '-h', 'help'])('zwire %s shows commands, examples and exit codes', async (line) => {
    const { exitCode, stdout, stderr } = await said(line);
    expect(exitCode).toBe(0);
    expect(stderr).toBe('');
    for (const part of ['send  ', 'receive  ', 'testbed  ', 'EXAMPLES', 'EXIT CODES', '130, 143']) {
      expect(stdout).toContain(part);
    }
  });

  it.each([
    'send --help',
    'help send',
    'receive -h',
    'seed --help',
    '--reciever --help',
    'testbed --help',
    'testbed up --help',
    'testbed',
  ])('zwire %s has usage, examples and exit codes, and fits a page', async (line) => {
    const { exitCode, stdout, stderr } = await said(line);
    expect(exitCode).toBe(0);
    expect(stderr).toBe('');
    for (const part of ['USAGE', 'EXAMPLES', 'EXIT CODES']) expect(stdout).toContain(part);
    for (const text of stdout.split('\n')) expect(text.length).toBeLessThanOrEqual(HELP_COLUMNS_MAX);
  });

  it('lists every flag of a command with its value, and hides what is not for people', async () => {
    const send = (await said('send --help')).stdout;
    for (const flag of [
      '--from @SNAPSHOT',
      '-R, --recursive',
      '--to HOST[:PORT]',
      '--rate RATE',
      '--wire v1|v0',
      '--insecure  ',
    ]) {
      expect(send).toContain(flag);
    }
    const seed = (await said('seed --help')).stdout;
    const flags =
      'reciever interface dummy-data full-sync send-delta delta-start delta-end pool dataset snapshot ' +
      'destination-ip destination-mac source-ip source-mac udp-port framesize rate-limit verbosity-level ' +
      'locale log-dir debug';
    for (const flag of flags.split(' ')) {
      expect(seed).toContain(`  --${flag} `);
    }
    expect((await said('testbed shell --help')).stdout).not.toContain('inside');
  });
});

it('prints its version, which is that of the package', async () => {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const { exitCode, stdout } = await said('--version');
  expect(exitCode).toBe(0);
  expect(manifest).toMatchObject({ version: stdout.replace(/^zwire (.*)\n$/, '$1') });
});

describe('command lines that cannot be carried out end with exit code 2, and say what to type', () => {
  it.each([
    ['sned', /there is no command "sned" \(USAGE\)\n {2}Did you mean `send`/],
    ['testbed sideways', /there is no command "sideways"/],
    ['send --file f --interfase x', /there is no flag --interfase \(USAGE\)\n {2}Did you mean --interface\?/],
    ['--interfase x', /there is no flag --interfase/],
    ['-x', /there is no flag -x/],
    ['--dummy-dat x', /Did you mean --dummy-data\?/],
    [
      'receive --file f --to x',
      /--to is a flag of zwire send, and not of this command[^]*zwire receive --help/,
    ],
    ['send --once', /--once is a flag of zwire receive/],
    ['destroy', /NAME is missing \(USAGE\)\n {2}zwire destroy --help lists the flags/],
    ['hold backup', /TAG DATASET@SNAPSHOT is not all there/],
    ['trace merge a', /zwire trace merge --help lists the flags/],
    [
      'send --file f --to h --identity package.json',
      /--identity names our key, and no key of the receiver h is/,
    ],
    ['send --rate', /--rate needs a value/],
    ['send tank@a --from', /--from needs a value[^]*--from '#monday', in quotes/],
    ['send --rate --json', /--rate needs a value/],
    ['send --rate 1Gbit --rate 2Gbit', /--rate is given twice: 1Gbit and 2Gbit/],
    ['send tank@a tank@b', /"tank@b" is one argument too many/],
    ['send --file f', /it is not said where to send \(USAGE\)\n {2}Over UDP: --to HOST/],
    [
      'receive --into tank',
      /cannot receive into tank without keys \(INSECURE_REQUIRED\)\n {2}To set keys up, three commands:/,
    ],
    ['--reciever --interface a', /\(INSECURE_REQUIRED\)/],
    ['--full-sync --interface a --pool p --destination-ip 198.18.0.2', /cannot send p without keys/],
  ])('zwire %s', async (line, message) => {
    const { exitCode, stdout, stderr } = await said(line);
    expect(exitCode).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^zwire: /);
    expect(stderr).toMatch(message);
    // One error in words, not a stack.
    expect(stderr).not.toContain('    at ');
  });

  it.each([
    ['/', 'it is a directory'],
    ['src/no-such-directory/', 'it is a directory'],
    [
      'no-such-directory/x',
      'its directory does not exist (SINK_FAILED)\n  Make it: mkdir -p no-such-directory',
    ],
    ['package.json/x', 'what stands in the place of its directory is a file'],
  ])('a receiver into %s does not wait for a sender to find out', async (path, message) => {
    const { exitCode, stderr } = await said(`receive --file ${path}`);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`zwire: cannot write to ${path}: ${message}`);
  });

  it('tells programs the same, as one JSON line on standard output', async () => {
    const { exitCode, stdout, stderr } = await said('receive --into tank --json');
    expect(exitCode).toBe(2);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({ event: 'error', code: 'INSECURE_REQUIRED', exitCode: 2 });
  });

  it('keeps standard output for data when that is where the data goes', async () => {
    const { stdout, stderr } = await said('receive --file - --json --listen 198.18.0.1:9 --port 8');
    expect(stdout).toBe('');
    expect(JSON.parse(stderr)).toMatchObject({ event: 'error', code: 'USAGE' });
  });
});

it('shows causes and stacks under --debug only', async () => {
  expect((await said('receive --into tank --debug')).stderr).toContain('    at ');
});
