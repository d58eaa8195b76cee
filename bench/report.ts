// The words around the tables, for the terminal and for docs/benchmarks.md.
import { ratios, type Series, spread } from './statistics.ts';
import { table } from './table.ts';

export interface Report {
  readonly all: readonly Series[];
  readonly machine: readonly string[];
  readonly verdicts: readonly string[];
  /** processor-time.ts */
  readonly times: readonly string[];
  readonly rounds: number;
  readonly sizeMib: number;
}

interface Section {
  readonly title: string;
  readonly reference: string;
  readonly list: readonly Series[];
}

function sections(all: readonly Series[]): Section[] {
  const out: Section[] = [];
  for (const mtuBytes of [9000, 1500] as const) {
    const list = all.filter(({ contender }) => contender.mtuBytes === mtuBytes && contender.feed === 'file');
    out.push({ title: `MTU ${mtuBytes}, tmpfs file to /dev/null`, reference: `iperf3-${mtuBytes}`, list });
  }
  for (const mtuBytes of [9000, 1500] as const) {
    const list = all.filter(({ contender }) => contender.mtuBytes === mtuBytes && contender.feed === 'pipe');
    out.push({
      title: `MTU ${mtuBytes}, cat through 1 MiB pipes`,
      reference: `socat-pipe-${mtuBytes}`,
      list,
    });
  }
  return out.filter((section) => section.list.length > 0);
}

/** Tables with their titles; the same text is Markdown. */
export function tables(all: readonly Series[]): string {
  const text = sections(all).map(({ title, reference, list }) => {
    const base = all.find((series) => series.contender.id === reference);
    const name = base ? base.contender.title : 'nothing (it did not run)';
    return `## ${title}\nReference of the ratios: ${name}.\n\n${table(list, base)}`;
  });
  return [...text, ...pipeToMemory(all)].join('\n\n');
}

/** The pipe series once more, held against iperf3, which has no pipes. */
function pipeToMemory(all: readonly Series[]): string[] {
  const lines = all.flatMap((series) => {
    const { contender } = series;
    if (contender.feed !== 'pipe') return [];
    const ratio = spread(
      ratios(
        series,
        all.find(({ contender: { id } }) => id === `iperf3-${contender.mtuBytes}`),
      ),
    );
    return ratio
      ? [`- ${contender.title}, MTU ${contender.mtuBytes}: ${ratio.median.toFixed(2)} x iperf3`]
      : [];
  });
  return lines.length > 0
    ? [`The same held against iperf3 (memory to memory, no pipes):\n${lines.join('\n')}`]
    : [];
}

/** Every contender's two commands, sender first. */
export function commandList(all: readonly Series[]): string {
  const seen = new Set<string>();
  return all
    .flatMap(({ contender }) => {
      const [send, receive] = contender.commands;
      const text = `a$ ${send}\nb$ ${receive}`;
      if (seen.has(text)) return [];
      seen.add(text);
      return [text];
    })
    .join('\n\n');
}

/** docs/benchmarks.md. */
export function markdown(report: Report): string {
  return `# Benchmarks

Written by \`npm run bench\` (bench/run.mjs). Rerun it on your own machine: it needs no root, installs missing peers
with apt where it may, and makes its own network namespaces.

    npm ci
    npm run bench                      # all of it, writes this file
    npm run bench -- --quick           # 2 rounds of 256 MiB, writes nothing
    npm run bench -- --only zwire-raw,mbuffer --rounds 9
    node bench/soak.mjs --runs 100     # nothing lost in 100 runs of 1 GiB, then the memory of a 20 GiB run

## How
Two network namespaces joined by a veth pair, everything on one machine. ${report.rounds} rounds; in each, every contender
moves ${report.sizeMib} MiB once, in an order that rotates from round to round. Cells are medians [least-greatest]; a ratio is
that of two runs of the same round, and its cell the median of the ratios. Rates drift with the host by some 5 %:
differences below that are not claims.

- Rate: zwire's own figure (\`finished\` event: from the announcement to "committed" two-way, at the receiver one-way);
  iperf3's own; for the others bytes over the time from the sender's start until both programs ended. ssh's connection
  stands before its clock starts.
- "With start and end": bytes over the wall clock from the sender's start until both programs ended; for zwire that
  includes starting Node.
- CPU: user and system time of the process and its children, starting included, for 1 GiB. On veth the sender also pays
  for the receive path of the kernel.
- Peak RSS: the largest of all rounds.
- zwire seals everything, without keys too, and ssh encrypts; the other tools send plain bytes. By what a core seals, and
  how fast when it does nothing else, is said below ([where to get it](operations/speed.md)), and what that takes of the
  CPU. Rows named "openssl" leave libIPSec_MB alone. The goals were set on a machine that seals at 48 Gbit/s with Node 20
  and at 112 with Node 24.

## Machine
${report.machine.map((line) => `- ${line}`).join('\n')}

## Goals
${report.verdicts.map((line) => `    ${line}`).join('\n')}

## What sealing takes
${report.times.join('\n')}

${tables(report.all)}

## Commands
FILE is ${report.sizeMib} MiB of random bytes on a tmpfs. a is 198.18.0.1 on vza, b is 198.18.0.2 on vzb. Where a line has a
pipe, it is 1 MiB large.

\`\`\`
${commandList(report.all)}
\`\`\`
`;
}
