// What the processor can do, as Linux lists it in /proc/cpuinfo: x86 calls the line `flags`, ARM `Features`.
import { readFileSync } from 'node:fs';

/** Names of the features; undefined where Linux does not say. */
export function listedFeatures(cpuInfo: string): ReadonlySet<string> | undefined {
  const line = /^(?:flags|Features)\s*:(.*)$/m.exec(cpuInfo)?.[1];
  return line === undefined ? undefined : new Set(line.trim().split(/\s+/));
}

let known: { readonly features: ReadonlySet<string> | undefined } | undefined;

/** Of this machine, read once; undefined where Linux does not say. */
export function processorFeatures(): ReadonlySet<string> | undefined {
  known ??= { features: listedFeatures(readCpuInfo()) };
  return known.features;
}

function readCpuInfo(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'latin1');
  } catch {
    // Some sandboxes hide it: then nothing is known of the processor.
    return '';
  }
}
