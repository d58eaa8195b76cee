// The figures that zwire set itself, held against a run.
import { figures, ratios, type Series, spread } from './statistics.ts';

export interface Verdict {
  readonly text: string;
  readonly reached: boolean;
}

interface RatioGoal {
  /** Without the Node, which is the running one unless the id names another. */
  readonly contender: string;
  readonly reference: string;
  readonly atLeast: number;
  readonly text: string;
}

const RATIO_GOALS: readonly RatioGoal[] = [
  {
    contender: 'zwire-raw-9000',
    reference: 'iperf3-9000',
    atLeast: 0.85,
    text: 'raw two-way, MTU 9000, to iperf3 TCP',
  },
  {
    contender: 'zwire-raw-9000-node24',
    reference: 'iperf3-9000',
    atLeast: 1.15,
    text: 'the same on Node 24',
  },
  {
    contender: 'zwire-raw-9000',
    reference: 'mbuffer-9000',
    atLeast: 2.5,
    text: 'raw two-way, MTU 9000, to mbuffer TCP as it comes',
  },
  {
    contender: 'zwire-raw-1500',
    reference: 'iperf3-1500',
    atLeast: 0.8,
    text: 'raw two-way, MTU 1500, to iperf3 TCP',
  },
  {
    contender: 'zwire-raw-pipe-9000',
    reference: 'socat-pipe-9000',
    atLeast: 0.95,
    text: 'raw two-way through pipes, to socat TCP fed the same way',
  },
  {
    contender: 'zwire-raw-keyed-9000',
    reference: 'iperf3-9000',
    atLeast: 0.85,
    text: 'raw two-way, MTU 9000, with keys to iperf3 TCP',
  },
  {
    contender: 'zwire-raw-keyed-9000-node24',
    reference: 'iperf3-9000',
    atLeast: 1.15,
    text: 'the same on Node 24',
  },
  {
    contender: 'zwire-raw-keyed-1500',
    reference: 'iperf3-1500',
    atLeast: 0.8,
    text: 'raw two-way, MTU 1500, with keys to iperf3 TCP',
  },
  {
    contender: 'zwire-raw-keyed-9000',
    reference: 'zwire-raw-9000',
    atLeast: 0.98,
    text: 'raw two-way, MTU 9000, with keys to the open suite',
  },
  {
    contender: 'zwire-raw-keyed-9000',
    reference: 'ssh-9000',
    atLeast: 2,
    text: 'raw two-way, MTU 9000, with keys to ssh aes256-gcm',
  },
  {
    contender: 'zwire-raw-traced-9000',
    reference: 'zwire-raw-9000',
    atLeast: 0.95,
    text: 'raw two-way, MTU 9000, with a trace on both sides to without',
  },
];

/** Most memory at defaults, MB. */
export const RSS_GOALS_MB = { sender: 300, receiver: 450 } as const;

/** What was reached and what was not, as lines; goals whose contenders did not run are left out. */
export function verdicts(all: readonly Series[], node: string): Verdict[] {
  const find = (id: string): Series | undefined => all.find((series) => series.contender.id === id);
  const out: Verdict[] = [];
  for (const goal of RATIO_GOALS) {
    const series = find(`${goal.contender}-${node}`) ?? find(goal.contender);
    const ratio =
      series && spread(ratios(series, find(goal.reference) ?? find(`${goal.reference}-${node}`)))?.median;
    if (ratio === undefined) continue;
    out.push(verdict(`${goal.text}: ${ratio.toFixed(2)} (at least ${goal.atLeast})`, ratio >= goal.atLeast));
  }
  const ours = all.filter((series) => series.contender.id.startsWith('zwire'));
  for (const side of ['sender', 'receiver'] as const) {
    const most = spread(
      ours.flatMap((series) => figures(series, (sample) => sample[side].peakRssBytes / 2 ** 20)),
    )?.max;
    if (most === undefined) continue;
    const mb = (most * 2 ** 20) / 1e6;
    out.push(
      verdict(
        `peak RSS of any zwire ${side}: ${mb.toFixed(0)} MB (at most ${RSS_GOALS_MB[side]})`,
        mb <= RSS_GOALS_MB[side],
      ),
    );
  }
  const failures = ours.reduce((sum, series) => sum + series.failures.length, 0);
  const runs = ours.reduce((sum, series) => sum + series.samples.length, 0);
  out.push(verdict(`zwire runs that failed: ${failures} of ${runs} (none)`, failures === 0));
  return out;
}

const verdict = (text: string, reached: boolean): Verdict => ({
  text: `${reached ? 'reached ' : 'MISSED  '} ${text}`,
  reached,
});
