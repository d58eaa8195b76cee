// The bench's own order of events: options, contenders, rounds, tables.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Lab } from '../test/netns/lab.ts';
import type { Contender, NodeBinary, Workload } from './contender.ts';
import { verdicts } from './goals.ts';
import { describeMachine, majorOf } from './machine.ts';
import { processorTimes } from './processor-time.ts';
import { peerContenders } from './peers.ts';
import { commandList, markdown, tables } from './report.ts';
import type { Series } from './statistics.ts';
import { makeWorkload } from './workload.ts';
import { zwireContenders } from './zwire-contender.ts';

const DOCUMENT = fileURLToPath(new URL('../../../docs/benchmarks.md', import.meta.url));

interface Options {
  readonly rounds: number;
  readonly sizeMib: number;
  readonly only: readonly string[];
  readonly oneWayRate: string;
  readonly write: boolean;
  readonly list: boolean;
}

function parseOptions(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      size: { type: 'string' },
      only: { type: 'string' },
      'one-way-rate': { type: 'string', default: '2Gbit' },
      write: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
    },
  });
  const rounds = Number(values.rounds ?? (values.quick ? 2 : 5));
  const sizeMib = Number(values.size ?? (values.quick ? 256 : 4096));
  if (!(rounds >= 1) || !(sizeMib >= 1)) throw new Error('--rounds and --size want numbers from 1');
  const only = values.only === undefined ? [] : values.only.split(',');
  const full = only.length === 0 && rounds >= 5 && sizeMib >= 1024;
  return {
    rounds,
    sizeMib,
    only,
    oneWayRate: values['one-way-rate'],
    write: values.write || full,
    list: values.list,
  };
}

/** Runs the bench; returns its exit code: 0, or 1 when any run failed. */
export async function main(argv: readonly string[], nodes: readonly NodeBinary[]): Promise<number> {
  const options = parseOptions(argv);
  const every = [
    ...peerContenders(Math.ceil(options.sizeMib / 1024)),
    ...zwireContenders(nodes, options.oneWayRate),
  ];
  const wanted = (id: string): boolean =>
    options.only.length === 0 || id.startsWith('iperf3') || options.only.some((text) => id.includes(text));
  const contenders = every.filter((contender) => wanted(contender.id) && contender.missing === undefined);
  for (const { id, missing } of every)
    if (missing !== undefined && wanted(id)) console.error(`bench: ${id} is left out: ${missing}`);
  const all: Series[] = contenders.map((contender) => ({ contender, samples: [], failures: [] }));
  if (options.list) {
    console.log(`${contenders.map(({ id }) => id).join('\n')}\n\n${commandList(all)}`);
    return 0;
  }
  const machine = describeMachine(nodes);
  console.log(
    `${machine.lines.join('\n')}\n${options.rounds} rounds of ${options.sizeMib} MiB, ${all.length} contenders\n`,
  );
  const workload = makeWorkload(options.sizeMib * 2 ** 20);
  try {
    await runRounds(all, options.rounds, workload);
  } finally {
    workload.remove();
  }
  const [first] = nodes;
  const lines = first ? verdicts(all, `node${majorOf(first)}`).map(({ text }) => text) : [];
  const times = processorTimes(all, machine.nodes);
  console.log(`\n${tables(all)}\n\n${[...lines, ...times].join('\n')}`);
  const { rounds, sizeMib } = options;
  const report = { all, machine: machine.lines, verdicts: lines, times, rounds, sizeMib };
  if (options.write) {
    writeFileSync(DOCUMENT, markdown(report));
    console.log(`\nwritten: docs/benchmarks.md`);
  }
  return all.some((series) => series.failures.length > 0) ? 1 : 0;
}

async function runRounds(all: readonly Series[], rounds: number, workload: Workload): Promise<void> {
  await using jumbo = await Lab.open({ mtuBytes: 9000 });
  await using standard = await Lab.open({ mtuBytes: 1500 });
  for (let round = 0; round < rounds; round += 1) {
    for (let i = 0; i < all.length; i += 1) {
      const series = all[(i + round * 5) % all.length];
      if (!series) continue;
      await runOnce(series, round, series.contender.mtuBytes === 9000 ? jumbo : standard, workload);
    }
  }
}

async function runOnce(series: Series, round: number, lab: Lab, workload: Workload): Promise<void> {
  const { contender } = series;
  const label = `round ${round + 1}  ${contender.id.padEnd(34)}`;
  try {
    const sample = await contender.run(lab, workload);
    series.samples[round] = sample;
    console.log(`${label} ${(sample.bitsPerSecond / 1e9).toFixed(2).padStart(6)} Gbit/s`);
  } catch (error) {
    series.samples[round] = undefined;
    const reason = error instanceof Error ? error.message : String(error);
    series.failures.push(reason);
    console.log(`${label} FAILED: ${reason}`);
  } finally {
    await endAll(lab, contender);
  }
}

/** A run that failed may have left its other half waiting: nothing of it may disturb the next run. */
async function endAll(lab: Lab, contender: Contender): Promise<void> {
  for (const side of lab.sides) {
    for (const program of side.programs) if (program.running) program.signal('SIGKILL');
    await Promise.allSettled(side.programs.map((program) => program.exit));
    side.programs.length = 0;
  }
  const left = lab.processes();
  if (left.length > 0) console.error(`bench: ${contender.id} left processes:\n${left.join('\n')}`);
}
