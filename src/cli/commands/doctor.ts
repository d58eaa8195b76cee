// `zwire doctor`, loaded when it runs: asks the host, and says what it found.
import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { EXIT } from '../../bytes/error-codes.ts';
import { sealingLibrary } from '../../seal/implementation.ts';
import { usableKernels } from '../../sys/ipsec-mb.ts';
import { credentials } from '../../sys/privilege.ts';
import type { CliContext } from '../context.ts';
import type { Finding } from '../doctor/finding.ts';
import {
  checkDelegation,
  checkInterface,
  checkKeyList,
  checkPort,
  checkSecret,
  checkStateDirectory,
  checkUser,
  checkZfs,
} from '../doctor/host-checks.ts';
import {
  checkKernel,
  checkMemory,
  checkNode,
  checkPrivileges,
  checkSealing,
  checkUdpBuffer,
} from '../doctor/system-checks.ts';
import { keyPlaces } from '../keys/key-places.ts';
import { type Colour, hasColour, painted } from '../render/colour.ts';
import { printable } from '../render/terminal-text.ts';
import { PORT_DEFAULT } from '../request/link-request.ts';
import { POOL_BYTES_DEFAULT } from '../request/receive-request.ts';
import type { DoctorFlags } from './doctor-command.ts';

export async function doctor(context: CliContext, flags: DoctorFlags): Promise<void> {
  const findings = await examine(context, flags);
  const missing = findings.some(({ state }) => state === 'missing');
  const { stdout, env } = context.process;
  stdout.write(
    flags.json === true
      ? `${JSON.stringify({ ready: !missing, findings })}\n`
      : findings.map((finding) => lines(finding, hasColour(stdout, env))).join(''),
  );
  context.process.exitCode = missing ? EXIT.environment : EXIT.done;
}

async function examine(context: CliContext, flags: DoctorFlags): Promise<Finding[]> {
  const raw = flags.interface !== undefined;
  const [sends, receives] = [flags.role !== 'receive', flags.role !== 'send'];
  const { signal } = new AbortController();
  const findings = [checkNode(process.version), checkKernel(release(), raw)];
  findings.push(checkSealing(sealingLibrary(), usableKernels(), process.versions.openssl));
  findings.push(...checkPrivileges(credentials(), { raw, zfs: flags.into !== undefined, user: flags.user }));
  if (flags.interface !== undefined) findings.push(...checkInterface(flags.interface));
  if (receives) {
    findings.push(checkPort(flags.port ?? PORT_DEFAULT, '0.0.0.0'));
    findings.push(
      checkMemory(readFileSync('/proc/meminfo', 'latin1'), flags.poolMemory ?? POOL_BYTES_DEFAULT),
    );
    if (!raw) findings.push(checkUdpBuffer(readIfAny('/proc/sys/net/core/rmem_max')));
  }
  findings.push(await checkZfs());
  if (receives && flags.into !== undefined)
    findings.push(await checkDelegation('receive', flags.into, flags.user, signal));
  if (sends && flags.dataset !== undefined)
    findings.push(await checkDelegation('send -R', flags.dataset, flags.user, signal));
  const user = flags.user === undefined ? undefined : await checkUser(flags.user);
  if (user !== undefined) findings.push(user.finding);
  return [...findings, ...keyFindings(context, flags, user?.uid)];
}

function readIfAny(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}

function keyFindings(context: CliContext, flags: DoctorFlags, userId: number | undefined): Finding[] {
  const [sends, receives] = [flags.role !== 'receive', flags.role !== 'send'];
  const places = keyPlaces(context.process.env);
  const findings = [checkSecret('host_key', flags.identity ?? places.hostKey, userId)];
  if (receives)
    findings.push(checkKeyList('authorized_senders', flags.authorizedSenders ?? places.authorizedSenders));
  if (sends) findings.push(checkKeyList('known_receivers', places.knownReceivers));
  if (receives) findings.push(checkStateDirectory(flags.stateDir ?? places.stateDirectory));
  return findings;
}

const MARKS: Readonly<Record<Finding['state'], readonly [mark: string, colour: Colour | undefined]>> = {
  ok: ['ok     ', undefined],
  note: ['note   ', undefined],
  excess: ['excess ', 'yellow'],
  missing: ['missing', 'red'],
};

function lines({ state, text, remedy }: Finding, colour: boolean): string {
  const [mark, hue] = MARKS[state];
  const head = `${hue === undefined ? mark : painted(mark, hue, colour)}  ${printable(text)}\n`;
  return head + (remedy ?? '').replace(/^(?=.)/gm, '         ').replace(/(?<=.)$/, '\n');
}
