// `zwire testbed up|down|shell`: two namespaces and a cable between them, for playing.
import { buildCommand, buildRouteMap, type RouteMap } from '@stricli/core';
import type { CliContext } from '../context.ts';
import { TESTBED_HELP } from '../help/testbed-help.ts';
import { parseFrameSize } from '../parse/whole-number.ts';
import { withHelp } from './with-help.ts';

export interface TestbedFlags {
  readonly mtu: number;
}

export interface ShellFlags extends TestbedFlags {
  /** Set by ourselves when we are already inside the new namespaces, and as whom. */
  readonly inside?: 'root' | 'user';
}

const mtu = {
  kind: 'parsed',
  parse: parseFrameSize,
  default: '9000',
  placeholder: 'BYTES',
  brief: 'MTU of the pair',
} as const;

const up = buildCommand<TestbedFlags, [], CliContext>({
  loader: async () => {
    const { testbedUp } = await import('./testbed.ts');
    return function (flags) {
      return testbedUp(this, flags);
    };
  },
  parameters: { flags: { mtu } },
  docs: { brief: 'Make the namespaces zwire-a and zwire-b, joined by a cable (root)' },
});

type NoFlags = Readonly<Record<string, never>>;

const down = buildCommand<NoFlags, [], CliContext>({
  loader: async () => {
    const { testbedDown } = await import('./testbed.ts');
    return function () {
      return testbedDown(this);
    };
  },
  parameters: { flags: {} },
  docs: { brief: 'Remove zwire-a and zwire-b (root)' },
});

const shell = buildCommand<ShellFlags, [], CliContext>({
  loader: async () => {
    const { testbedShell } = await import('./testbed.ts');
    return function (flags) {
      return testbedShell(this, flags);
    };
  },
  parameters: {
    flags: {
      mtu,
      inside: {
        kind: 'enum',
        values: ['root', 'user'],
        optional: true,
        hidden: true,
        brief: 'Used by zwire itself',
      },
    },
  },
  docs: { brief: 'Open a shell in a pair of its own, gone when the shell ends (root or not)' },
});

export const testbedRoutes: RouteMap<CliContext> = withHelp(
  buildRouteMap({
    routes: {
      up: withHelp(up, TESTBED_HELP),
      down: withHelp(down, TESTBED_HELP),
      shell: withHelp(shell, TESTBED_HELP),
    },
    docs: { brief: 'Two network namespaces and a cable, for playing' },
  }),
  TESTBED_HELP,
);
