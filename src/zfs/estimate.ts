// How much a stream will be, as `zfs send -vP` prints it.

/** Where estimates stop making sense: OpenZFS prints negative sizes as 2^64 - n (openzfs#12265). */
const ESTIMATE_END = 1n << 63n;

/** Reads the `size\t<total>` line; undefined when there is none, or when what it says is nonsense. */
export function parseEstimate(output: string): bigint | undefined {
  return saneBytes(/^size\t([0-9]{1,20})$/m.exec(output)?.[1]);
}

/** A number of bytes that ZFS estimated, and undefined in place of an absurd one. */
export function saneBytes(text: string | undefined): bigint | undefined {
  const bytes = text === undefined ? undefined : BigInt(text);
  return bytes !== undefined && bytes < ESTIMATE_END ? bytes : undefined;
}
