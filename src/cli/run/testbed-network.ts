// The test network: two namespaces joined by a virtual cable, with the addresses of the documentation.
// 198.18.0.0/15 is the benchmark range (RFC 2544), which no one routes.
import { ZwireError } from '../../bytes/zwire-error.ts';
import { commandLine, runProcess } from '../../exec/process.ts';

export interface TestbedSide {
  readonly namespace: string;
  readonly interface: string;
  readonly mac: string;
  readonly address: string;
}

export const SIDE_A: TestbedSide = {
  namespace: 'zwire-a',
  interface: 'vza',
  mac: '46:dc:e7:58:d0:a2',
  address: '198.18.0.1',
};
export const SIDE_B: TestbedSide = {
  namespace: 'zwire-b',
  interface: 'vzb',
  mac: 'e2:ff:48:6e:a9:fe',
  address: '198.18.0.2',
};

const PREFIX_BITS = 30;

/** `ip ARGS`, its output. @throws ZwireError TESTBED_FAILED with what ip said, PROGRAM_MISSING */
export async function ip(args: readonly string[]): Promise<string> {
  return run('ip', args);
}

/** `ip ARGS` in the network namespace of a process. @throws ZwireError TESTBED_FAILED, PROGRAM_MISSING */
export async function ipInNamespaceOf(processId: number, args: readonly string[]): Promise<string> {
  return run('nsenter', ['--target', String(processId), '--net', '--', 'ip', ...args]);
}

async function run(file: string, args: readonly string[]): Promise<string> {
  const result = await runProcess(file, args);
  if (result.exitCode === 0) return result.stdout;
  throw new ZwireError('TESTBED_FAILED', `${commandLine(file, args)} failed: ${result.stderr.trim()}`, {
    fields: { stderr: result.stderr.trim() },
    hint: 'The kernel needs network namespaces and veth; making them needs root, or zwire testbed shell.',
  });
}

/** The commands that give one side its address, MAC and MTU. `within` is empty, or names another namespace. */
export function sideCommands(side: TestbedSide, mtuBytes: number, within: readonly string[]): string[][] {
  return [
    [...within, 'link', 'set', 'dev', 'lo', 'up'],
    [...within, 'link', 'set', 'dev', side.interface, 'address', side.mac],
    [...within, 'addr', 'add', `${side.address}/${PREFIX_BITS}`, 'dev', side.interface],
    [...within, 'link', 'set', 'dev', side.interface, 'mtu', String(mtuBytes), 'up'],
  ];
}

/**
 * The two commands to try. `onA` and `onB` put a command onto a side; `zwire` is how the user started us.
 */
export function tryCommands(onA: string, onB: string, zwire: string): string {
  const receive = `${onB}${zwire} receive --interface ${SIDE_B.interface} --file /tmp/out.img --once`;
  const send = `${onA}${zwire} send --file x.img --interface ${SIDE_A.interface} --destination-ip ${SIDE_B.address}`;
  return `  ${receive} &\n  ${send}\n(x.img is any file, such as: head -c 1G /dev/urandom > x.img)`;
}
