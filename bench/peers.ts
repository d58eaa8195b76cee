// The tools that zwire is compared with, each in its fastest common form.
import { closeSync } from 'node:fs';
import type { Lab } from '../test/netns/lab.ts';
import {
  type Contender,
  type MtuBytes,
  type Sample,
  TCP_PORT,
  timedSample,
  type Workload,
} from './contender.ts';
import { absent } from './find-program.ts';
import { numberAt } from './json-number.ts';
import { catFrom, catToNull, Metered, monotonicMs, tcpListener } from './metered.ts';
import { sshContender } from './ssh.ts';

const B = '198.18.0.2';

function iperf3(mtuBytes: MtuBytes, seconds: number): Contender {
  const receive = ['iperf3', '-s', '-1', '-p', String(TCP_PORT)];
  const send = ['iperf3', '-c', B, '-p', String(TCP_PORT), '-t', String(seconds), '-J'];
  return {
    id: `iperf3-${mtuBytes}`,
    title: 'iperf3 TCP (memory to memory)',
    mtuBytes,
    feed: 'file',
    commands: [send.join(' '), receive.join(' ')],
    ...absent('iperf3'),
    async run(lab, workload): Promise<Sample> {
      const receiver = new Metered(lab.b, workload.scratch, receive);
      await tcpListener(lab.b, TCP_PORT);
      const sender = new Metered(lab.a, workload.scratch, send);
      const [sent, received] = await Promise.all([sender.end(), receiver.end()]);
      const report: unknown = JSON.parse(sender.program.stdout.toString());
      const bytes = numberAt(report, 'end', 'sum_received', 'bytes');
      const bitsPerSecond = numberAt(report, 'end', 'sum_received', 'bits_per_second');
      return { bitsPerSecond, wallBitsPerSecond: bitsPerSecond, bytes, sender: sent, receiver: received };
    },
  };
}

/** A pair of programs, one line each; FILE stands for the path of the workload. */
function plain(id: string, title: string, mtuBytes: MtuBytes, send: string, receive: string): Contender {
  return {
    id: `${id}-${mtuBytes}`,
    title,
    mtuBytes,
    feed: 'file',
    commands: [send, receive],
    ...absent(send.split(' ')[0] ?? id),
    async run(lab, workload): Promise<Sample> {
      const receiver = new Metered(lab.b, workload.scratch, receive.split(' '));
      await tcpListener(lab.b, TCP_PORT);
      const sender = new Metered(lab.a, workload.scratch, send.replace('FILE', workload.path).split(' '));
      const [sent, received] = await Promise.all([sender.end(), receiver.end()]);
      const endedMs = Math.max(sent.endedMs, received.endedMs);
      return timedSample(workload.bytes, sent.startedMs, endedMs, sent, received);
    },
  };
}

function socatPipe(mtuBytes: MtuBytes): Contender {
  const send = `socat -u -b1048576 - TCP:${B}:${TCP_PORT}`;
  const receive = `socat -u -b1048576 TCP-LISTEN:${TCP_PORT},reuseaddr -`;
  return {
    id: `socat-pipe-${mtuBytes}`,
    title: 'socat TCP, pipe to pipe',
    mtuBytes,
    feed: 'pipe',
    commands: [`cat FILE | ${send}`, `${receive} | cat >/dev/null`],
    ...absent('socat'),
    run: (lab, workload) => pipeRun(lab, workload, send.split(' '), receive.split(' ')),
  };
}

async function pipeRun(
  lab: Lab,
  workload: Workload,
  send: readonly string[],
  receive: readonly string[],
): Promise<Sample> {
  const sink = catToNull(lab.b);
  const receiver = new Metered(lab.b, workload.scratch, receive, { stdout: sink.writeFd });
  closeSync(sink.writeFd);
  await tcpListener(lab.b, TCP_PORT);
  const source = catFrom(lab.a, workload.path);
  const sender = new Metered(lab.a, workload.scratch, send, { stdin: source });
  closeSync(source);
  const [sent, received] = await Promise.all([sender.end(), receiver.end(), sink.ended]);
  return timedSample(workload.bytes, sent.startedMs, monotonicMs(), sent, received);
}

/** Every peer. mbuffer's tuned block and buffer sizes are the fastest of five pairs that were tried. */
export function peerContenders(iperfSeconds: number): Contender[] {
  const contenders: Contender[] = [];
  for (const mtuBytes of [9000, 1500] as const) {
    contenders.push(
      iperf3(mtuBytes, iperfSeconds),
      plain(
        'mbuffer',
        'mbuffer TCP (its defaults)',
        mtuBytes,
        `mbuffer -q -i FILE -O ${B}:${TCP_PORT}`,
        `mbuffer -q -I ${TCP_PORT} -o /dev/null`,
      ),
      plain(
        'mbuffer-tuned',
        'mbuffer TCP (-s 1M -m 16M)',
        mtuBytes,
        `mbuffer -q -s 1M -m 16M -i FILE -O ${B}:${TCP_PORT}`,
        `mbuffer -q -s 1M -m 16M -I ${TCP_PORT} -o /dev/null`,
      ),
      plain(
        'socat',
        'socat TCP',
        mtuBytes,
        `socat -u -b1048576 OPEN:FILE TCP:${B}:${TCP_PORT}`,
        `socat -u -b1048576 TCP-LISTEN:${TCP_PORT},reuseaddr OPEN:/dev/null,wronly`,
      ),
      sshContender(mtuBytes),
    );
  }
  contenders.push(socatPipe(9000), socatPipe(1500));
  return contenders;
}
