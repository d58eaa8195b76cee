// `zwire testbed up|down|shell`, loaded when it runs.
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ZwireError } from '../../bytes/zwire-error.ts';
import { EXIT } from '../../bytes/error-codes.ts';
import { runInteractive, startHolder } from '../../exec/interactive.ts';
import { packageFile } from '../../sys/package-file.ts';
import type { CliContext } from '../context.ts';
import { framedRun } from '../run/framed-run.ts';
import {
  ip,
  ipInNamespaceOf,
  SIDE_A,
  SIDE_B,
  sideCommands,
  type TestbedSide,
  tryCommands,
} from '../run/testbed-network.ts';
import type { ShellFlags, TestbedFlags } from './testbed-command.ts';

function requireRoot(command: 'up' | 'down'): void {
  if (process.getuid?.() === 0) return;
  const what = command === 'up' ? 'make' : 'remove';
  throw new ZwireError('PRIVILEGE_MISSING', `cannot ${what} lasting network namespaces: that needs root`, {
    hint: `As root: sudo zwire testbed ${command}\nWithout: zwire testbed shell makes a pair that lasts as long as its shell.`,
  });
}

async function existingNamespaces(): Promise<readonly string[]> {
  const list = await ip(['netns', 'list']);
  // A line is the name, and the namespace's id in parentheses when it has one.
  return list.split('\n').map((line) => line.split(' ')[0] ?? '');
}

export async function testbedUp(context: CliContext, flags: TestbedFlags): Promise<void> {
  await framedRun(context, async () => {
    requireRoot('up');
    const existing = await existingNamespaces();
    const taken = [SIDE_A, SIDE_B].find((side) => existing.includes(side.namespace));
    if (taken !== undefined) {
      throw new ZwireError('TESTBED_FAILED', `cannot make ${taken.namespace}: it exists`, {
        fields: { namespace: taken.namespace },
        hint: 'If it is an earlier testbed: sudo zwire testbed down',
      });
    }
    const made: TestbedSide[] = [];
    try {
      for (const side of [SIDE_A, SIDE_B]) {
        await ip(['netns', 'add', side.namespace]);
        made.push(side);
      }
      await connect(flags.mtu);
    } catch (error) {
      for (const side of made) await ip(['netns', 'del', side.namespace]).catch(() => undefined);
      throw error;
    }
    const within = (side: TestbedSide): string => `sudo ip netns exec ${side.namespace} `;
    context.process.stdout.write(
      `${describeSide(SIDE_A)} and ${describeSide(SIDE_B)} are up, MTU ${flags.mtu}. Try:\n` +
        `${tryCommands(within(SIDE_A), within(SIDE_B), ownCommand())}\n` +
        'To remove them: sudo zwire testbed down\n',
    );
    return EXIT.done;
  });
}

/** The cable is made with both ends in their namespaces, so that it never shows up among the host's. */
async function connect(mtuBytes: number): Promise<void> {
  const end = (side: TestbedSide): string[] => ['netns', side.namespace];
  const cable = ['link', 'add', SIDE_A.interface, ...end(SIDE_A), 'type', 'veth'];
  await ip([...cable, 'peer', 'name', SIDE_B.interface, ...end(SIDE_B)]);
  for (const side of [SIDE_A, SIDE_B]) {
    for (const command of sideCommands(side, mtuBytes, ['-n', side.namespace])) await ip(command);
  }
}

export async function testbedDown(context: CliContext): Promise<void> {
  await framedRun(context, async () => {
    requireRoot('down');
    const existing = await existingNamespaces();
    const ours = [SIDE_A, SIDE_B].filter((side) => existing.includes(side.namespace));
    // The cable goes with its namespaces.
    for (const side of ours) await ip(['netns', 'del', side.namespace]);
    const removed = ours.map((side) => side.namespace).join(' and ');
    context.process.stdout.write(removed === '' ? 'there is no testbed\n' : `removed ${removed}\n`);
    return EXIT.done;
  });
}

function describeSide(side: TestbedSide): string {
  return `${side.namespace} (${side.interface}, ${side.address})`;
}

/** How to start zwire from another directory or user: by its name when it was installed, else by its path. */
function ownCommand(): string {
  const started = process.argv[1] ?? 'zwire';
  return basename(started) === 'zwire' ? 'zwire' : `node ${started}`;
}

/**
 * Runs itself again inside new namespaces, and there opens a shell on side a while a holder keeps side b alive.
 * Nothing is left when the shell ends: namespaces go with their last process.
 */
export async function testbedShell(context: CliContext, flags: ShellFlags): Promise<void> {
  await framedRun(context, async () =>
    flags.inside === undefined ? enterNamespaces(flags.mtu) : shellInside(context, flags.mtu, flags.inside),
  );
}

async function enterNamespaces(mtuBytes: number): Promise<number> {
  // Root stays root, so that pools can be used; others become root in a user namespace of their own.
  const inside = process.getuid?.() === 0 ? 'root' : 'user';
  const user = inside === 'root' ? [] : ['--user', '--map-root-user'];
  const main = process.argv[1] ?? fileURLToPath(packageFile('bin/zwire.mjs'));
  const again = [process.execPath, main, 'testbed', 'shell', '--inside', inside, '--mtu', String(mtuBytes)];
  const exit = await runInteractive('unshare', [...user, '--net', '--mount', '--', ...again]);
  if (exit.exitCode === null) throw new ZwireError('TESTBED_FAILED', `the shell was ended by ${exit.signal}`);
  return exit.exitCode;
}

async function shellInside(context: CliContext, mtuBytes: number, inside: 'root' | 'user'): Promise<number> {
  using sideB = await startHolder('unshare', ['--net', '--', 'cat']);
  const cable = ['link', 'add', SIDE_A.interface, 'type', 'veth'];
  await ip([...cable, 'peer', 'name', SIDE_B.interface, 'netns', String(sideB.pid)]);
  for (const command of sideCommands(SIDE_A, mtuBytes, [])) await ip(command);
  for (const command of sideCommands(SIDE_B, mtuBytes, [])) await ipInNamespaceOf(sideB.pid, command);
  const onB = `nsenter --target ${sideB.pid} --net `;
  const fromOutside =
    inside === 'root' ? `sudo ${onB}` : `nsenter --target ${sideB.pid} --user --preserve-credentials --net `;
  context.process.stdout.write(
    `This shell is on side a: ${SIDE_A.interface}, ${SIDE_A.address}. Try:\n` +
      `${tryCommands('', onB, ownCommand())}\n` +
      `Side b is ${SIDE_B.interface}, ${SIDE_B.address}. To enter it from here, or from another terminal:\n` +
      `  ${onB}bash\n  ${fromOutside}bash\nLeave with exit; nothing stays.\n`,
  );
  // For scripts: nsenter --target "$ZWIRE_SIDE_B" --net COMMAND
  const exit = await runInteractive(process.env['SHELL'] ?? '/bin/sh', [], {
    environment: { ZWIRE_SIDE_B: String(sideB.pid) },
  });
  return exit.exitCode ?? EXIT.failed;
}
