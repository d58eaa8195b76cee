// Transfers with keys, with and without a third host that floods the receiver with announcements.
import { randomFillSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  emptySegmentHeader,
  encodeSegmentHeader,
  MessageType,
  SEGMENT_HEADER_BYTES,
} from '../src/wire/segment.ts';
import { startFlood } from '../test/netns/flooder.ts';
import { Lab } from '../test/netns/lab.ts';
import type { Program } from '../test/netns/program.ts';
import type { Side } from '../test/netns/side.ts';
import { numberAt } from './json-number.ts';
import { makeWorkload } from './workload.ts';
import { ZWIRE } from './zwire-contender.ts';

const PROJECT = new URL('../../../', import.meta.url);
const BODY_BYTES = 400;
const TWO_WAY_AES = 1;
/** USER_HZ, on every Linux. */
const TICKS_A_SECOND = 100;

const zwire = (side: Side, args: readonly string[]): Program =>
  side.start([process.execPath, ZWIRE, ...args, '--json']);

async function makeKey(side: Side, path: string): Promise<void> {
  const made = side.start([process.execPath, ZWIRE, 'keygen', '--output', path]);
  await made.exit;
  writeFileSync(`${path}.pub`, made.stdout);
}

/** Of a keyed suite, by nobody: it costs the receiver what any other costs that is not made for it. */
function announcement(): Uint8Array {
  const payload = randomFillSync(new Uint8Array(SEGMENT_HEADER_BYTES + BODY_BYTES));
  encodeSegmentHeader(new DataView(payload.buffer), 0, {
    ...emptySegmentHeader(),
    type: MessageType.announce,
    payloadBytes: BODY_BYTES,
    recordBytes: BODY_BYTES,
    segmentCount: 1,
    record: 1,
  });
  payload.fill(0, SEGMENT_HEADER_BYTES, SEGMENT_HEADER_BYTES + 8);
  payload[SEGMENT_HEADER_BYTES] = TWO_WAY_AES;
  return payload;
}

/** What a flood costs a receiver that has nothing else to do. */
async function costOfStrangers(receiver: Program, floods: () => Promise<Program>): Promise<string> {
  const [ticks, rss] = [cpuTicks(receiver.pid), residentMiB(receiver.pid)];
  const done = await (await floods()).event('flooded');
  const seconds = numberAt(done, 'seconds');
  const share = (cpuTicks(receiver.pid) - ticks) / TICKS_A_SECOND / seconds;
  const sent = Math.round(numberAt(done, 'sent') / seconds);
  return `no transfer, ${sent} announcements a second: ${share.toFixed(2)} processors, memory ${rss} -> ${residentMiB(receiver.pid)} MiB`;
}

/** User and system time of all threads, proc_pid_stat(5): fields 14 and 15. */
function cpuTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

function residentMiB(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
  return Math.round(Number(kib) / 1024);
}

/** Runs it; returns the exit code. */
export async function flood(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      size: { type: 'string', default: '2048' },
      rate: { type: 'string', default: '200000' },
      seconds: { type: 'string', default: '10' },
      packed: { type: 'string', default: '20' },
      rounds: { type: 'string', default: '3' },
    },
  });
  const workload = makeWorkload(Number(values.size) * 2 ** 20);
  try {
    await using lab = await Lab.open({ middle: 'bridge' });
    const at = (name: string): string => join(workload.scratch, name);
    await makeKey(lab.a, at('a'));
    await makeKey(lab.b, at('b'));
    const send = (): Program =>
      zwire(lab.a, [
        'send',
        '--file',
        workload.path,
        '--interface',
        'vza',
        '--destination-ip',
        lab.b.ip,
        '--identity',
        at('a'),
        '--receiver-key',
        at('b.pub'),
      ]);
    const receiver = zwire(lab.b, [
      'receive',
      '--file',
      '/dev/null',
      '--interface',
      'vzb',
      '--identity',
      at('b'),
      '--authorized-senders',
      at('a.pub'),
      '--state-dir',
      workload.scratch,
    ]);
    await receiver.event('listening');
    const rate = async (): Promise<number> => {
      const sender = send();
      const finished = await sender.event('finished');
      await sender.exit;
      return numberAt(finished, 'bitsPerSecond') / 1e9;
    };
    const floods = (): Promise<Program> =>
      startFlood(lab, {
        announcementsASecond: Number(values.rate),
        announcementsAFrame: Number(values.packed),
        seconds: Number(values.seconds),
        payload: announcement(),
        project: PROJECT,
      });
    console.log(await costOfStrangers(receiver, floods));
    const ratios: number[] = [];
    for (let round = 0; round < Number(values.rounds); round += 1) {
      const quiet = await rate();
      const flooder = await floods();
      const flooded = await rate();
      const done = await flooder.event('flooded');
      const sent = numberAt(done, 'sent') / numberAt(done, 'seconds');
      ratios.push(flooded / quiet);
      console.log(
        `quiet ${quiet.toFixed(2)} Gbit/s, flooded ${flooded.toFixed(2)} Gbit/s (${Math.round(sent)} announcements a second)`,
      );
    }
    ratios.sort((one, other) => one - other);
    const median = ratios[ratios.length >> 1] ?? 0;
    const told = receiver.eventsNamed('warning').length;
    console.log(`memory ${residentMiB(receiver.pid)} MiB`);
    console.log(`median ratio ${median.toFixed(2)} (goal 0.50); the receiver said so in ${told} lines`);
    return median >= 0.5 ? 0 : 1;
  } finally {
    workload.remove();
  }
}
