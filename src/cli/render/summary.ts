// The one line that says how a transfer ended.
import type { TransferEvent } from '../../transfer/event.ts';
import { formatBytes, formatCount, formatRate, formatSeconds } from './figures.ts';
import { printable } from './terminal-text.ts';

export type Role = 'send' | 'receive';
export type FinishedEvent = Extract<TransferEvent, { event: 'finished' }>;

/** What earlier events said of the transfer that ends. */
export interface TransferName {
  readonly name: string;
  readonly peer: string;
}

/** `sent x.img to 198.18.0.2:1337: 1.00 GiB in 0.52 s, 16.5 Gbit/s, 18 010 frames, 0 repeats; now out.img there` */
export function summaryLine(role: Role, of: TransferName, event: FinishedEvent): string {
  const name = printable(of.name);
  const peer = printable(of.peer);
  const way = role === 'send' ? `sent ${name} to ${peer}` : `received ${name} from ${peer}`;
  return [`${way}: ${figures(event)}`, ...place(role, event)].join('; ');
}

function figures(event: FinishedEvent): string {
  const parts = [
    `${formatBytes(event.bytes)} in ${formatSeconds(event.seconds)}`,
    formatRate(event.bitsPerSecond),
    formatCount(event.frames, 'frame'),
    formatCount(event.repeats, 'repeat'),
  ];
  if (event.drops > 0) parts.push(`${formatCount(event.drops, 'frame')} dropped by the kernel`);
  if (event.rejected > 0) parts.push(`${formatCount(event.rejected, 'segment')} rejected`);
  return parts.join(', ');
}

function place(role: Role, event: FinishedEvent): string[] {
  if (event.outcome === 'delivered') return ['sent one way, so nobody has said that it arrived'];
  if (event.target === undefined) return [];
  const guid = event.guid === undefined ? '' : ` (guid ${event.guid})`;
  const target = printable(event.target);
  return [role === 'send' ? `now ${target} on the receiver${guid}` : `now ${target}${guid}`];
}
