// The test network that people play with, and the demo, as they are started: from the built command line.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ZWIRE = join(ROOT, 'bin', 'zwire.mjs');

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'zwire-testbed-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

interface Ended {
  readonly exitCode: unknown;
  readonly output: string;
}

async function run(args: readonly string[], environment: Record<string, string> = {}): Promise<Ended> {
  const child = spawn(process.execPath, args, {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [exitCode] = await once(child, 'close');
  return { exitCode, output };
}

/** A shell that does what its text says and nothing else. */
function shell(text: string): string {
  const path = join(directory, 'shell');
  writeFileSync(path, `#!/bin/sh\n${text}`);
  chmodSync(path, 0o755);
  return path;
}

it('zwire testbed shell opens a shell on side a, whose printed commands carry a file to side b', async () => {
  const copy = join(directory, 'copy');
  const program = `
    ip -brief address show dev vza
    nsenter --target "$ZWIRE_SIDE_B" --net ip -brief address show dev vzb
    nsenter --target "$ZWIRE_SIDE_B" --net "${process.execPath}" "${ZWIRE}" receive --interface vzb --file "${copy}" --once --json > "${copy}.events" &
    until grep -q listening "${copy}.events"; do sleep 0.05; done
    "${process.execPath}" "${ZWIRE}" send --file "$0" --interface vza --destination-ip 198.18.0.2 && wait && cmp "$0" "${copy}" && exit 9
  `;
  const { exitCode, output } = await run([ZWIRE, 'testbed', 'shell', '--mtu', '1500'], {
    SHELL: shell(program),
  });
  expect(output).toContain('This shell is on side a: vza, 198.18.0.1.');
  expect(output).toMatch(/^vza@\S+ +\w+ +198\.18\.0\.1\/30/m);
  expect(output).toMatch(/^vzb@\S+ +\w+ +198\.18\.0\.2\/30/m);
  expect(output).toMatch(/zwire: sent shell to 198\.18\.0\.2:1337/);
  expect(exitCode).toBe(9);
});

it('npm run demo sends, compares, traces, and leaves nothing else behind', async () => {
  const traces = mkdtempSync(join(tmpdir(), 'zwire-traces-'));
  const { exitCode, output } = await run(
    [join(ROOT, 'scripts', 'demo.mjs'), '--size', '16M', '--mtu', '1500', '--trace', traces],
    {
      TMPDIR: directory,
    },
  );
  expect(output).toContain('compared  byte for byte: identical');
  expect(output).toMatch(/^ {2}sent +16\.0 MiB in /m);
  expect(exitCode).toBe(0);
  expect(output).toMatch(/both sides together: limited by /);
  expect(readdirSync(directory)).toEqual([]);
  expect(readdirSync(traces).sort()).toEqual(['both.json', 'recv.json', 'send.json']);
  const picture = await run([join(ROOT, 'scripts', 'trace-picture.mjs'), join(traces, 'both.json')]);
  expect(picture.exitCode).toBe(0);
  expect(picture.output).toMatch(/^<svg [^]*16\.0 MiB in [^]*<\/svg>\n$/);
  rmSync(traces, { recursive: true });
});

it('npm run demo says what it needs', async () => {
  expect(await run([join(ROOT, 'scripts', 'demo.mjs'), '--size', 'big'])).toMatchObject({
    exitCode: 2,
    output: expect.stringContaining('--size: "big" is not a size'),
  });
});
