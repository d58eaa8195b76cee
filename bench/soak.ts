// N transfers into one receiver that stays, each compared with its source; then one long transfer. Counts what
// was sent, repeated and dropped, and the most memory that either side took.
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Lab } from '../test/netns/lab.ts';
import type { Program } from '../test/netns/program.ts';
import type { Side } from '../test/netns/side.ts';
import type { Workload } from './contender.ts';
import { RSS_GOALS_MB } from './goals.ts';
import { numberAt } from './json-number.ts';
import { makeWorkload } from './workload.ts';
import { ZWIRE } from './zwire-contender.ts';

interface Options {
  readonly runs: number;
  readonly sizeBytes: number;
  readonly longBytes: number;
  readonly mtuBytes: number;
  readonly lossPercent: number;
  readonly udp: boolean;
}

interface Tally {
  failed: number;
  bytes: number;
  repeats: number;
  drops: number;
  senderRssBytes: number;
  receiverRssBytes: number;
}

function parseOptions(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      runs: { type: 'string', default: '100' },
      size: { type: 'string', default: '1024' },
      long: { type: 'string', default: '20' },
      mtu: { type: 'string', default: '9000' },
      loss: { type: 'string', default: '0' },
      udp: { type: 'boolean', default: false },
    },
  });
  return {
    runs: Number(values.runs),
    sizeBytes: Number(values.size) * 2 ** 20,
    longBytes: Number(values.long) * 2 ** 30,
    mtuBytes: Number(values.mtu),
    lossPercent: Number(values.loss),
    udp: values.udp,
  };
}

const zwire = (side: Side, args: readonly string[]): Program =>
  side.start([process.execPath, ZWIRE, ...args, '--json']);

/** Runs the soak; returns its exit code. */
export async function soak(argv: readonly string[]): Promise<number> {
  const options = parseOptions(argv);
  const workload = makeWorkload(options.sizeBytes);
  try {
    await using lab = await Lab.open({ mtuBytes: options.mtuBytes });
    if (options.lossPercent > 0) {
      await lab.singleDatagrams();
      await lab.loseAtB(options.lossPercent);
    }
    const short = await manyRuns(lab, workload, options);
    const long = options.longBytes > 0 ? await longRun(lab, workload, options) : undefined;
    return report(short, options.runs, options.sizeBytes) +
      (long ? report(long, 1, options.longBytes) : 0) ===
      0
      ? 0
      : 1;
  } finally {
    workload.remove();
  }
}

const receiveFlags = (options: Options): string[] =>
  options.udp ? ['--listen', '198.18.0.2'] : ['--interface', 'vzb'];
const sendFlags = (options: Options): string[] =>
  options.udp ? ['--to', '198.18.0.2'] : ['--interface', 'vza', '--destination-ip', '198.18.0.2'];

async function manyRuns(lab: Lab, workload: Workload, options: Options): Promise<Tally> {
  const tally = emptyTally();
  const target = join(workload.scratch, 'target');
  const receiver = zwire(lab.b, ['receive', '--file', target, ...receiveFlags(options)]);
  await receiver.event('listening');
  for (let run = 1; run <= options.runs; run += 1) {
    const sender = zwire(lab.a, ['send', '--file', workload.path, ...sendFlags(options)]);
    const { code } = await sender.exit;
    const compared = code === 0 ? await lab.b.start(['cmp', workload.path, target]).exit : undefined;
    const same = compared?.code === 0;
    if (!same) {
      tally.failed += 1;
      console.log(`run ${run}: ${code === 0 ? 'THE FILE DIFFERS' : `FAILED\n${sender.describe()}`}`);
    }
    add(tally, sender, receiver);
    // The next run must not pass on what this one left.
    writeFileSync(target, '');
    if (same && run % 10 === 0)
      console.log(`run ${run}: ${tally.failed} failed so far, ${tally.repeats} repeats`);
  }
  receiver.signal('SIGINT');
  await receiver.exit;
  return tally;
}

/** One long transfer from a file of holes to /dev/null: it is the memory that counts, and the number of bytes. */
async function longRun(lab: Lab, workload: Workload, options: Options): Promise<Tally> {
  const tally = emptyTally();
  const path = join(workload.scratch, 'long');
  writeFileSync(path, '');
  truncateSync(path, options.longBytes);
  const receiver = zwire(lab.b, ['receive', '--file', '/dev/null', '--once', ...receiveFlags(options)]);
  await receiver.event('listening');
  const sender = zwire(lab.a, ['send', '--file', path, ...sendFlags(options)]);
  const [sent, received] = await Promise.all([sender.exit, receiver.exit]);
  add(tally, sender, receiver);
  if (sent.code !== 0 || received.code !== 0 || tally.bytes !== options.longBytes) {
    tally.failed = 1;
    console.log(`long run FAILED\n${sender.describe()}\n${receiver.describe()}`);
  }
  return tally;
}

const emptyTally = (): Tally => ({
  failed: 0,
  bytes: 0,
  repeats: 0,
  drops: 0,
  senderRssBytes: 0,
  receiverRssBytes: 0,
});

function add(tally: Tally, sender: Program, receiver: Program): void {
  const finished = sender.eventsNamed('finished').at(-1);
  if (finished) {
    tally.bytes += numberAt(finished, 'bytes');
    tally.repeats += numberAt(finished, 'repeats');
    tally.drops += numberAt(finished, 'drops');
  }
  tally.senderRssBytes = Math.max(tally.senderRssBytes, sender.peakRssBytes);
  tally.receiverRssBytes = Math.max(tally.receiverRssBytes, receiver.peakRssBytes);
}

/** Prints the sums; returns how many bounds were broken. */
function report(tally: Tally, runs: number, sizeBytes: number): number {
  const gib = (bytes: number): string => (bytes / 2 ** 30).toFixed(2);
  const mb = (bytes: number): number => Math.round(bytes / 1e6);
  console.log(
    `${runs} x ${gib(sizeBytes)} GiB: ${tally.failed} failed, ${gib(tally.bytes)} GiB arrived, ${tally.repeats} segments ` +
      `repeated, ${tally.drops} frames dropped; peak RSS sender ${mb(tally.senderRssBytes)} MB ` +
      `(at most ${RSS_GOALS_MB.sender}), receiver ${mb(tally.receiverRssBytes)} MB (at most ${RSS_GOALS_MB.receiver})`,
  );
  const { sender, receiver } = RSS_GOALS_MB;
  return (
    tally.failed + Number(mb(tally.senderRssBytes) > sender) + Number(mb(tally.receiverRssBytes) > receiver)
  );
}
