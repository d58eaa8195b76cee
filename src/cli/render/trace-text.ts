// What a trace says, in words: where the time went, who held the others up, and what to try next.
import type { ActivityName } from '../../trace/activity.ts';
import type { MergedTrace } from '../../trace/merge.ts';
import type { Culprit, Share, TraceReport, TransferReport, WireReport } from '../../trace/report.ts';
import { formatBytes, formatCount, formatRate, formatSeconds } from './figures.ts';
import { printable } from './terminal-text.ts';

/** Less than this is not worth a word. */
const SHARE_MIN = 0.01;
/** More repeats than this among the segments is worth one. */
const LOSS_MIN = 0.001;

const WORDS: Readonly<Record<ActivityName, string>> = {
  start: 'starting',
  read: 'reading the source',
  seal: 'sealing',
  send: 'sending',
  'listen and repeat': 'listening and repeating',
  'wait for the source': 'waiting for the source',
  'wait for the wire': 'waiting for the wire',
  'wait for credit': "waiting for the receiver's sink",
  'wait for the rate': 'waiting for --rate',
  'wait for the producer to end': 'waiting for the source to end',
  'wait for the result': "waiting for the receiver's result",
  'repeat the end': 'repeating the end',
  idle: 'waiting for the sender',
  'receive and reassemble': 'receiving',
  check: 'checking',
  serve: 'answering',
  'wait for records': 'waiting for records',
  write: 'writing',
  'sink stalled': 'waiting for the sink',
};

const LIMITS: Readonly<Record<Culprit, string>> = {
  source: 'the source',
  wire: 'the wire',
  sink: "the receiver's sink",
  rate: '--rate',
  sender: "the sender's processor",
  receiver: "the receiver's processor",
  elsewhere: 'nothing on this side',
};

const ADVICE: Readonly<Record<Culprit, string>> = {
  source: 'see how fast the source is alone: `zpool iostat -v 1`, or its producer written to /dev/null',
  wire: 'an MTU of 9000 and super-frames on both sides; `ip -s link` shows drops',
  sink: 'see how fast the target is alone: `zpool iostat -v 1` there; --pool-memory bridges stalls, not a slow disk',
  rate: 'raise --rate or leave it out: two-way, a slow receiver holds the sender back by itself',
  sender:
    'an MTU of 9000 and no --no-gso; with both, this is what the processor can do: see what else it runs',
  receiver:
    'an MTU of 9000, and frames merged by the kernel: `ethtool -K IF rx-udp-gro-forwarding on`; then see what else runs',
  elsewhere: 'trace the other side too: zwire trace merge send.json recv.json -o both.json',
};

export function reportText(report: TraceReport): string {
  const parts = report.transfers.map(transferText);
  parts.push(...report.wire.map(wireText));
  return parts.length === 0 ? 'No transfer is in this trace.\n' : parts.join('\n');
}

function transferText(report: TransferReport): string {
  const { side, name, kind, outcome, bytes, seconds, bitsPerSecond, repeats, drops, shares, writerShares } =
    report;
  const verb = side === 'send' ? 'sent' : 'received';
  const figures = [
    `${formatBytes(bytes)} in ${formatSeconds(seconds)}`,
    formatRate(bitsPerSecond),
    formatCount(repeats, 'repeat'),
    ...(drops > 0 ? [`${formatCount(drops, 'frame')} dropped by the receiver's kernel`] : []),
  ];
  const lines = [`${verb} ${printable(name)} (${outcome}): ${figures.join(', ')}`];
  if (shares.length === 0) return `${[...lines, '  no activity was recorded'].join('\n')}\n`;
  lines.push(`  ${sharesText(shares, kind)}`);
  if (writerShares.length > 0) lines.push(`  writer: ${sharesText(writerShares, kind)}`);
  lines.push(...verdict(report.culprit, repeats, bytes));
  return `${lines.join('\n')}\n`;
}

/** `sealing 41 %, waiting for zfs send 30 %, ...`, the largest first. */
function sharesText(shares: readonly Share[], kind: string): string {
  const shown = shares.filter(({ share }) => share >= SHARE_MIN);
  const rest = shares.reduce((sum, { share }) => sum + (share < SHARE_MIN ? share : 0), 0);
  const parts = shown.map(({ activity, share }) => `${words(activity, kind)} ${percent(share)}`);
  if (rest >= SHARE_MIN) parts.push(`the rest ${percent(rest)}`);
  return parts.join(', ');
}

function words(activity: ActivityName, kind: string): string {
  const fromZfs = kind !== 'file' && kind !== '';
  return fromZfs && activity === 'wait for the source' ? 'waiting for zfs send' : WORDS[activity];
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function verdict(culprit: Culprit, repeats: number, bytes: number): string[] {
  const lines = [`  limited by ${LIMITS[culprit]}`, `  try: ${ADVICE[culprit]}`];
  // Segments are not known of older traces; a segment of an MTU of 1500 is the least.
  if (repeats > (bytes / 1440) * LOSS_MIN)
    lines.push('  try: find what loses frames: cables, `ethtool -S IF`, rings that are too small.');
  return lines;
}

function wireText(wire: WireReport): string {
  const { segmentsSent, segmentsArrived, segmentsLost, repeats, needless, culprit } = wire;
  const lost = segmentsSent === 0 ? 0 : (segmentsLost / segmentsSent) * 100;
  return [
    `between the two: ${formatCount(segmentsSent, 'segment')} sent, ${formatCount(segmentsArrived, 'segment')} arrived`,
    `  lost ${formatCount(segmentsLost, 'segment')} (${lost.toFixed(2)} %), repeated ${formatCount(repeats, 'segment')}, ${formatCount(needless, 'repeat')} needless`,
    `  both sides together: limited by ${LIMITS[culprit]}`,
    '',
  ].join('\n');
}

export function mergedText(path: string, merged: MergedTrace, events: number): string {
  const [alignment] = merged.info.alignments;
  const clocks =
    alignment?.method === 'echoes'
      ? `clocks aligned within ${(alignment.uncertaintyUs ?? 0).toFixed(0)} us by ${formatCount(alignment.exchanges, 'echo')}`
      : 'no echo on both sides: laid together by their wall clocks, which may be seconds apart';
  return `${printable(path)}: ${formatCount(events, 'event')}, ${formatCount(merged.arrows, 'arrow')}, ${clocks.replace('echos', 'echoes')}\n`;
}
