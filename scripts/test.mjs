#!/usr/bin/env node
// npm test: the whole suite, a stage after the other. See HELP. The last line is "N passed, N failed".
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureNode } from './node-versions.mjs';
import { ensurePackages } from './packages.mjs';

const HELP = `npm test -- [options]

  --fast          without the virtual machines and the other Nodes
  --only STAGES   only these (comma separated); build comes first all the same
  --list          name the stages

Stages: build, check (lint, format, types), packages (Debian packages of the tests), tests (unit tests and
end-to-end tests in network namespaces, on the running Node), fuzz (every decoder, 60 s together), lab (unit tests of
the virtual machines' lab), demo (npm run demo with 64 MiB), node22, node24, node26 (unit tests and part of the end-to-end tests there),
zfs (real OpenZFS in virtual machines; their images are built in the background from the start). A stage that
cannot run is named at the end; with CI=true that is a failure.`;

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const OTHER_NODES = [22, 24, 26];

/**
 * What other Nodes run of test/netns, beside every unit test; not a process a file, which is half of what they take. (That
 * no test file leans on another shows on the running Node.)
 */
const ELSEWHERE = [
  '--no-isolate',
  'src/',
  'test/imports',
  'test/wide-fields',
  'test/netns/sinks',
  'test/netns/v0',
];

/** A stage that takes longer hangs. */
const STAGE_TIMEOUT_MS = 60 * 60_000;

const NO_NAMESPACES = 'no network namespaces: neither root nor unprivileged user namespaces';

const inCi = process.env.CI === 'true';
const prepareArguments = ['test/zfs/lab/prepare.mjs'];
/** Processes that must not outlive us. */
const children = new Set();

/**
 * Runs a program to its end with its output shown; resolves with its exit code and, if `keep`, what it printed.
 * Its process group dies with it: a test that hangs leaves nothing.
 */
function run(file, args, { keep = false, quiet = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    children.add(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        if (keep) output += chunk;
        if (!quiet) process.stdout.write(chunk);
      });
    const timer = setTimeout(() => {
      console.error(`${file} ${args.join(' ')} did not end within ${STAGE_TIMEOUT_MS / 60_000} minutes`);
      endGroup(child);
    }, STAGE_TIMEOUT_MS);
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      children.delete(child);
      resolve({ code: code ?? 1, output });
    });
  });
}

function endGroup(child) {
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    return; // it has ended
  }
}

const ok = (code) => (code === 0 ? { passed: 0, failed: 0 } : { passed: 0, failed: 1 });

/** Thrown by a stage that lacks what it needs. */
class CannotRun extends Error {}

async function build() {
  return ok((await run(process.execPath, ['scripts/build.mjs'])).code);
}

async function check() {
  return ok((await run('npm', ['run', '--silent', 'check'])).code);
}

async function packages() {
  const { missing, command } = ensurePackages(['test']);
  if (missing.length > 0) throw new CannotRun(`${missing.join(' ')} missing; install with: ${command}`);
  return ok(0);
}

/** vitest under `node`, its tests counted from its JSON report. `words`: flags, and the files to run if not all. */
async function vitest(node, words) {
  if (!namespacesWork()) throw new CannotRun(NO_NAMESPACES);
  const directory = mkdtempSync(join(tmpdir(), 'zwire-report-'));
  const report = join(directory, 'report.json');
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile=${report}`];
    const args = ['node_modules/vitest/vitest.mjs', 'run', '--maxWorkers=2', ...reporters, ...words];
    const { code } = await run(node, args);
    if (!existsSync(report)) return { passed: 0, failed: 1 };
    const parsed = JSON.parse(readFileSync(report, 'utf8'));
    const { numPassedTests, numFailedTests, numPendingTests } = parsed;
    if (numPassedTests + numFailedTests === 0) return { passed: 0, failed: 1 };
    return {
      passed: numPassedTests,
      failed: Math.max(numFailedTests, code === 0 ? 0 : 1),
      note: numPendingTests > 0 ? `${numPendingTests} skipped` : '',
      failures: failuresOf(parsed),
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The failed tests of a report of vitest, a line each; of a file that could not run, the file. */
function failuresOf({ testResults }) {
  const firstLine = (text) => (text ?? '').split('\n')[0];
  return testResults.flatMap(({ name, status, message, assertionResults }) => {
    const failed = assertionResults.filter((result) => result.status === 'failed');
    const file = relative(ROOT, name);
    if (failed.length === 0) return status === 'failed' ? [`${file}: ${firstLine(message)}`] : [];
    return failed.map(
      ({ fullName, failureMessages }) => `${file} > ${fullName}: ${firstLine(failureMessages[0])}`,
    );
  });
}

async function fuzz() {
  const { code, output } = await run(process.execPath, ['fuzz/run.mjs', '--seconds', '60'], { keep: true });
  return countedLine(code, output, /, FAILED$/);
}

/** What a program says in its last line "N passed, N failed", and the lines that `failure` matches. */
function countedLine(code, output, failure) {
  const counts = [...output.matchAll(/^(\d+) passed, (\d+) failed/gm)].at(-1);
  const [passed, failed] = [Number(counts?.[1] ?? 0), Number(counts?.[2] ?? 0)];
  const failures = output.split('\n').filter((line) => failure.test(line));
  return { passed, failed: Math.max(failed, code === 0 && passed > 0 ? 0 : 1), failures };
}

/** The virtual machines' lab has unit tests of its own, for Node's runner. */
async function labUnits() {
  const files = readdirSync(join(ROOT, 'test/zfs/lab')).filter((name) => name.endsWith('.test.mjs'));
  const args = ['--test', '--test-reporter=tap', ...files.map((name) => `test/zfs/lab/${name}`)];
  const { code, output } = await run(process.execPath, args, { keep: true, quiet: true });
  const count = (word) => Number(new RegExp(`^# ${word} (\\d+)$`, 'm').exec(output)?.[1] ?? 0);
  if (code !== 0) process.stdout.write(output);
  const failures = output.split('\n').filter((line) => /^ *not ok /.test(line));
  return {
    passed: count('pass'),
    failed: Math.max(count('fail'), code === 0 && count('pass') > 0 ? 0 : 1),
    failures,
  };
}

async function demo() {
  if (!namespacesWork()) throw new CannotRun(NO_NAMESPACES);
  const { code } = await run(process.execPath, ['scripts/demo.mjs', '--size', '64M']);
  return code === 0 ? { passed: 1, failed: 0 } : ok(code);
}

function namespacesWork() {
  const user = process.getuid() === 0 ? [] : ['-U', '-r'];
  return spawnSync('unshare', [...user, '-n', '-m', 'true'], { stdio: 'ignore' }).status === 0;
}

async function otherNode(major) {
  let node;
  try {
    node = ensureNode(major);
  } catch (error) {
    throw new CannotRun(`Node ${major} is not to be had: ${error.message}`, { cause: error });
  }
  console.log(`Node ${node.version}`);
  return vitest(node.path, ELSEWHERE);
}

async function zfs(images) {
  // It waits for the image of each version itself: the first machine runs while the image of the second is being built.
  const { code, output } = await run(process.execPath, ['test/zfs/run.mjs'], { keep: true });
  const prepared = await images();
  if (prepared.code !== 0) {
    process.stdout.write(prepared.output);
    throw new CannotRun('the images of the virtual machines could not be made (see above)');
  }
  return countedLine(code, output, /^ +\d\.\d (?:FAIL|PROBLEM) /);
}

/** Starts the long work of the last stage now; the returned function waits for it. */
function startImages(wanted) {
  if (!wanted) return () => run(process.execPath, prepareArguments, { keep: true, quiet: true });
  const building = run(process.execPath, prepareArguments, { keep: true, quiet: true });
  building.catch(() => undefined);
  return () => building;
}

function stages(images) {
  return [
    { name: 'build', body: build },
    { name: 'check', body: check },
    { name: 'packages', body: packages },
    { name: 'tests', body: () => vitest(process.execPath, []) },
    { name: 'fuzz', body: fuzz },
    { name: 'lab', body: labUnits },
    { name: 'demo', body: demo },
    ...OTHER_NODES.map((major) => ({ name: `node${major}`, body: () => otherNode(major), slow: true })),
    { name: 'zfs', body: () => zfs(images), slow: true },
  ];
}

async function runStage({ name, body }) {
  console.log(`\n=== ${name}`);
  const startedMs = performance.now();
  const result = { name, passed: 0, failed: 0, note: '', failures: [] };
  try {
    Object.assign(result, await body());
    result.state = result.failed > 0 ? 'FAILED' : 'ok';
  } catch (error) {
    result.note = error.message;
    result.state = error instanceof CannotRun ? 'NOT RUN' : 'FAILED';
    if (result.state === 'FAILED' || inCi) result.failed = 1;
    if (!(error instanceof CannotRun)) console.error(error);
    else console.error(`\n*** ${name} CANNOT RUN: ${error.message} ***`);
  }
  result.seconds = (performance.now() - startedMs) / 1000;
  return result;
}

function summary(results) {
  console.log('\n=== summary');
  for (const { name, state, passed, failed, seconds, note } of results) {
    const counts = passed + failed > 0 ? `${passed} passed, ${failed} failed` : '';
    console.log(
      `${name.padEnd(9)} ${state.padEnd(8)} ${seconds.toFixed(0).padStart(5)} s  ${counts}${note ? `  ${note}` : ''}`,
    );
  }
  // By name, and at the end: of a long run the end is what is read.
  for (const { name, failures } of results)
    for (const failure of failures) console.log(`FAILED in ${name}: ${failure.trim()}`);
  const total = (key) => results.reduce((sum, result) => sum + result[key], 0);
  console.log(`whole run ${(performance.now() / 1000).toFixed(0)} s`);
  console.log(`${total('passed')} passed, ${total('failed')} failed`);
  return total('failed') === 0 ? 0 : 1;
}

/** Parses the command line and runs what it names; resolves with the exit code. */
async function main() {
  const options = {
    fast: { type: 'boolean' },
    only: { type: 'string' },
    list: { type: 'boolean' },
    help: { type: 'boolean' },
  };
  const { values } = parseArgs({ options });
  const names = stages().map(({ name }) => name);
  if (values.help || values.list) {
    console.log(values.help ? HELP : names.join('\n'));
    return 0;
  }
  const only = values.only?.split(',');
  const unknown = only?.filter((name) => !names.includes(name)) ?? [];
  if (unknown.length > 0) throw new Error(`no stage ${unknown.join(', ')}: ${names.join(', ')}`);
  const wanted = ({ name, slow }) =>
    only ? name === 'build' || only.includes(name) : !(values.fast && slow);
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      for (const child of children) endGroup(child);
      process.exit(130);
    });
  }
  const images = startImages(stages().some((stage) => stage.name === 'zfs' && wanted(stage)));
  const results = [];
  for (const stage of stages(images).filter(wanted)) {
    results.push(await runStage(stage));
    if (stage.name === 'build' && results[0].failed > 0) break; // nothing after it would mean anything
  }
  for (const child of children) endGroup(child);
  return summary(results);
}

process.exitCode = await main();
