// What the figures were measured on, without naming the machine.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { ADMIN_ENV } from '../test/netns/side.ts';
import type { NodeBinary } from './contender.ts';
import { numberAt } from './json-number.ts';
import { findProgram } from './find-program.ts';

/** A Node and how fast a core seals with it, doing nothing else. */
export interface SealingNode {
  readonly major: string;
  readonly sealBitsPerSecond: number;
}

export interface Machine {
  /** Processor, memory, system, Node versions with their OpenSSL, versions of the peers. */
  readonly lines: readonly string[];
  readonly nodes: readonly SealingNode[];
}

/** Measures how fast it seals, which takes a second. */
export function describeMachine(nodes: readonly NodeBinary[]): Machine {
  const processors = cpus();
  const system = /^PRETTY_NAME="?(.*?)"?$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux';
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB of memory`;
  const measured = nodes.map((node) => ({ node, ...sealRateOf(node) }));
  const lines = [
    `${processors[0]?.model.trim() ?? 'unknown processor'}, ${processors.length} cores, ${memory}`,
    `${system}, kernel ${release()}`,
    ...measured.map(
      ({ node, gbit, by }) =>
        `Node ${node.version.slice(1)}: seals by ${by} at ${gbit} Gbit/s and does nothing else`,
    ),
    ...peerVersions(),
  ];
  return {
    lines,
    nodes: measured.map(({ node, gbit }) => ({
      major: majorOf(node),
      sealBitsPerSecond: gbit * 1e9,
    })),
  };
}

/** Of v20.19.0: 20. Contenders have it in their ids. */
export const majorOf = (node: NodeBinary): string => node.version.split('.')[0]?.slice(1) ?? '';

const SEAL_RATE = fileURLToPath(new URL('../../../bench/seal-rate.mjs', import.meta.url));

interface SealRate {
  readonly gbit: number;
  /** The library that seals. */
  readonly by: string;
}

function sealRateOf(node: NodeBinary): SealRate {
  const shown: unknown = JSON.parse(execFileSync(node.path, [SEAL_RATE], { encoding: 'utf8' }));
  return { gbit: numberAt(shown, 'gbit'), by: String(Reflect.get(Object(shown), 'by')) };
}

function peerVersions(): string[] {
  const asks: readonly (readonly [string, string, RegExp])[] = [
    ['iperf3', '--version', /iperf ([\d.]+)/],
    ['mbuffer', '--version', /version ([\w.-]+)/],
    ['socat', '-V', /socat version ([\d.]+)/],
    ['ssh', '-V', /OpenSSH_([\w.]+)/],
  ];
  const versions = asks.flatMap(([program, flag, pattern]) => {
    const path = findProgram(program);
    if (path === undefined) return [];
    const shown = spawnSync(path, [flag], { encoding: 'utf8', env: ADMIN_ENV });
    return [`${program} ${pattern.exec(shown.stdout + shown.stderr)?.[1] ?? '(version unknown)'}`];
  });
  return versions.length > 0 ? [versions.join(', ')] : [];
}
