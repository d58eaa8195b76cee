// zwire as it is used: two-way and one-way over raw frames, plain UDP, from a file and from a pipe.
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Lab } from '../test/netns/lab.ts';
import type { ProgramOptions } from '../test/netns/program.ts';
import { ADMIN_ENV } from '../test/netns/side.ts';
import type { Contender, MtuBytes, NodeBinary, Sample, Workload } from './contender.ts';
import { numberAt } from './json-number.ts';
import { catFrom, catToNull, Metered } from './metered.ts';

const B = '198.18.0.2';

/** The built command line, seen from build/bench/bench. */
export const ZWIRE: string = fileURLToPath(new URL('../../../bin/zwire.mjs', import.meta.url));

type Mode = 'raw' | 'one-way' | 'udp';

const LINKS: Readonly<Record<Mode, { send: string; receive: string; title: string }>> = {
  raw: { send: `--interface vza --destination-ip ${B}`, receive: '--interface vzb', title: 'raw two-way' },
  'one-way': {
    send: `--interface vza --destination-ip ${B} --one-way --rate RATE`,
    receive: '--interface vzb',
    title: 'raw one-way at RATE',
  },
  udp: { send: `--to ${B}`, receive: `--listen ${B}`, title: 'udp' },
};

interface Variant {
  readonly mode: Mode;
  readonly mtuBytes: MtuBytes;
  readonly feed: 'file' | 'pipe';
  readonly node: NodeBinary;
  readonly oneWayRate: string;
  /** Both sides write a trace; or share a key, instead of the open suite; or leave libIPSec_MB alone. */
  readonly extra?: 'traced' | 'keyed' | 'openssl';
}

function zwire(variant: Variant): Contender {
  const { mode, mtuBytes, feed, node, oneWayRate, extra } = variant;
  const major = node.version.split('.')[0] ?? node.version;
  const link = LINKS[mode];
  const source = feed === 'file' ? 'FILE' : '-';
  const sink = feed === 'file' ? '/dev/null' : '-';
  const more = (trace: string): string =>
    extra === 'traced'
      ? ` --trace SCRATCH/${trace}`
      : extra === 'keyed'
        ? ' --psk-file SCRATCH/shared.key'
        : '';
  const send = `send --file ${source} ${link.send.replace('RATE', oneWayRate)} --json${more('send.json')}`;
  const receive = `receive --file ${sink} ${link.receive} --once --json${more('recv.json')}`;
  const setting = extra === 'openssl' ? 'ZWIRE_IPSEC_MB=off ' : '';
  const title = link.title.replace('RATE', oneWayRate);
  return {
    id: `zwire-${mode}-${feed === 'pipe' ? 'pipe-' : ''}${extra === undefined ? '' : `${extra}-`}${mtuBytes}-node${major.slice(1)}`,
    title: `zwire ${title}${feed === 'pipe' ? ', pipe to pipe' : ''}${extra === undefined ? '' : `, ${extra}`}, Node ${major.slice(1)}`,
    mtuBytes,
    feed,
    commands:
      feed === 'file'
        ? [`${setting}zwire ${send}`, `${setting}zwire ${receive}`]
        : [`cat FILE | zwire ${send}`, `zwire ${receive} | cat >/dev/null`],
    run: (lab, workload) => runZwire(lab, workload, variant, send.split(' '), receive.split(' ')),
  };
}

async function runZwire(
  lab: Lab,
  workload: Workload,
  variant: Variant,
  send: readonly string[],
  receive: readonly string[],
): Promise<Sample> {
  const piped = variant.feed === 'pipe';
  const program = [variant.node.path, ZWIRE];
  const sink = piped ? catToNull(lab.b) : undefined;
  const common: ProgramOptions =
    variant.extra === 'openssl' ? { env: { ...ADMIN_ENV, ZWIRE_IPSEC_MB: 'off' } } : {};
  const receiverOptions: ProgramOptions = sink
    ? { ...common, stdout: sink.writeFd, eventsOn: 'stderr' }
    : common;
  const inScratch = (word: string): string => word.replace('SCRATCH', workload.scratch);
  if (variant.extra === 'keyed') makeSharedKey(variant.node, `${workload.scratch}/shared.key`);
  const receiveArgv = [...program, ...receive.map(inScratch)];
  const receiver = new Metered(lab.b, workload.scratch, receiveArgv, receiverOptions);
  if (sink) closeSync(sink.writeFd);
  await receiver.program.event('listening');
  const source = piped ? catFrom(lab.a, workload.path) : undefined;
  const argv = send.map((word) => (word === 'FILE' ? workload.path : inScratch(word)));
  const sender = new Metered(
    lab.a,
    workload.scratch,
    [...program, ...argv],
    source === undefined ? common : { ...common, stdin: source },
  );
  if (source !== undefined) closeSync(source);
  const [sent, received] = await Promise.all([sender.end(), receiver.end(), sink?.ended]);
  // One-way the sender knows nothing of the arrival: the receiver's word counts. Two-way the sender's, which is later.
  const teller = variant.mode === 'one-way' ? receiver : sender;
  const finished = await teller.program.event('finished');
  const bytes = numberAt(finished, 'bytes');
  if (bytes !== workload.bytes) throw new Error(`${bytes} bytes finished, ${workload.bytes} sent`);
  const wallMs = Math.max(sent.endedMs, received.endedMs) - sent.startedMs;
  return {
    bitsPerSecond: (bytes * 8) / numberAt(finished, 'seconds'),
    wallBitsPerSecond: (bytes * 8000) / wallMs,
    bytes,
    sender: sent,
    receiver: received,
  };
}

function makeSharedKey(node: NodeBinary, path: string): void {
  if (!existsSync(path))
    execFileSync(node.path, [ZWIRE, 'keygen', '--shared', '--output', path], { stdio: 'ignore' });
}

/** Every variant, on each Node. */
export function zwireContenders(nodes: readonly NodeBinary[], oneWayRate: string): Contender[] {
  const contenders: Contender[] = [];
  for (const node of nodes) {
    for (const mtuBytes of [9000, 1500] as const) {
      for (const mode of ['raw', 'one-way', 'udp'] as const)
        contenders.push(zwire({ mode, mtuBytes, feed: 'file', node, oneWayRate }));
      contenders.push(zwire({ mode: 'raw', mtuBytes, feed: 'pipe', node, oneWayRate }));
      contenders.push(zwire({ mode: 'raw', mtuBytes, feed: 'file', node, oneWayRate, extra: 'keyed' }));
      if (mtuBytes === 9000)
        for (const extra of ['traced', 'openssl'] as const)
          contenders.push(zwire({ mode: 'raw', mtuBytes, feed: 'file', node, oneWayRate, extra }));
    }
  }
  return contenders;
}
