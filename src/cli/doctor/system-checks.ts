// The program, the kernel, privileges and memory. Pure: what the system says is an argument.
import type { Credentials } from '../../sys/privilege.ts';
import { formatBytes } from '../render/figures.ts';
import { type Finding, found, ok } from './finding.ts';

/** Node.js that runs zwire, as package.json says. */
const NODE_MIN: readonly [number, number] = [20, 19];
/** Super-frames through packet sockets (PACKET_VNET_HDR with UDP GSO). */
const GSO_KERNEL_MIN: readonly [number, number] = [6, 2];
/** What UDP receivers ask for; see src/link/udp-link.ts. */
const UDP_BUFFER_BYTES = 4 << 20;

export function checkNode(version: string): Finding {
  if (isAtLeast(version, NODE_MIN)) return ok('node', `Node.js ${version}`);
  const text = `Node.js ${version} is too old: ${NODE_MIN.join('.')} is the oldest that is tested`;
  return found(
    'node',
    'missing',
    text,
    'Install a newer one: https://nodejs.org/ or the packages of your system.',
  );
}

export function checkKernel(release: string, raw: boolean): Finding {
  if (isAtLeast(release, GSO_KERNEL_MIN))
    return ok('kernel', `Linux ${release}: super-frames in raw frames and UDP`);
  return found(
    'kernel',
    'note',
    `Linux ${release} has no super-frames in packet sockets, which came with ${GSO_KERNEL_MIN.join('.')}` +
      (raw ? ': raw frames leave one by one' : ''),
    'It works, with more CPU for each byte. A newer kernel is faster; UDP (--to) has super-frames since Linux 4.18.',
  );
}

/** `library`: what seals here instead of OpenSSL; `usable`: its variants that this processor could run. */
export function checkSealing(
  library: string | undefined,
  usable: readonly string[],
  openssl: string,
): Finding {
  if (library !== undefined) return ok('sealing', `AES-256-GCM by ${library}`);
  const text = `AES-256-GCM by OpenSSL ${openssl}, which Node.js carries`;
  if (usable.length === 0) return ok('sealing', text);
  return found(
    'sealing',
    'note',
    `${text}; this processor has wide AES (${usable.join(', ')}), which another library may use better`,
    'apt install libipsec-mb2, or see "The processor is the limit" in docs/operations/speed.md.',
  );
}

export function checkPrivileges(
  now: Credentials,
  needs: { readonly raw: boolean; readonly zfs: boolean; readonly user?: string | undefined },
): Finding[] {
  const { raw, zfs, user } = needs;
  const isRoot = now.uids[1] === 0;
  if (isRoot && user !== undefined && user !== 'root') return [neededBy(user, raw)];
  const findings: Finding[] = [];
  if (raw && !now.capabilities.includes('CAP_NET_RAW')) {
    findings.push(
      found(
        'cap_net_raw',
        'missing',
        'CAP_NET_RAW, which raw frames need, is not there',
        'For a service: AmbientCapabilities=CAP_NET_RAW (docs/operations/service.md).\n' +
          'For one command: sudo setpriv --reuid USER --regid USER --init-groups --inh-caps +net_raw --ambient-caps +net_raw -- zwire ...\n' +
          'Or send and receive over plain UDP, without --interface.',
      ),
    );
  } else if (raw) findings.push(ok('cap_net_raw', 'CAP_NET_RAW is there'));
  if (isRoot) {
    findings.push(
      found(
        'root',
        'excess',
        'this is root, and nothing here needs all of it',
        `Receive with --user NAME, which gives it up when the sockets are open${zfs ? '; the lines of zfs allow below are for that user' : ''}.`,
      ),
    );
    return findings;
  }
  const wanted = raw ? ['CAP_NET_RAW'] : [];
  const more = now.capabilities.filter((name) => !wanted.includes(name) && name !== 'CAP_NET_BIND_SERVICE');
  if (more.length === 0) findings.push(ok('privileges', `user ${now.uids[1]}, nothing that is not needed`));
  else {
    const text = `more capabilities than are needed: ${more.join(', ')}`;
    findings.push(
      found(
        'privileges',
        'excess',
        text,
        'CapabilityBoundingSet= of the unit, or setpriv --bounding-set, takes them away.',
      ),
    );
  }
  return findings;
}

/** Root asks on behalf of a user: what root holds says nothing about it. */
function neededBy(user: string, raw: boolean): Finding {
  if (!raw) return ok('privileges', `${user} needs no capability`);
  return found(
    'privileges',
    'note',
    `${user} needs CAP_NET_RAW and nothing else`,
    'The unit of docs/operations/service.md gives it; zwire receive --user, started by root, needs none.',
  );
}

/** `memory` is the text of /proc/meminfo. */
export function checkMemory(memory: string, poolBytes: number): Finding {
  const kib = /^MemAvailable:\s+(\d+) kB$/m.exec(memory)?.[1];
  if (kib === undefined)
    return found('memory', 'note', 'the system does not say how much memory is free', 'None is needed.');
  const freeBytes = Number(kib) * 1024;
  const text = `${formatBytes(freeBytes)} free, ${formatBytes(poolBytes)} for what has arrived and is not yet written`;
  if (freeBytes > poolBytes * 1.5) return ok('memory', text);
  return found('memory', 'missing', text, 'Give the receiver less: --pool-memory 64M.');
}

/**
 * `maxBytes` is the text of /proc/sys/net/core/rmem_max; undefined where it is not there: on older kernels (6.1 is one) only
 * the first network namespace has it, and its value holds in all.
 */
export function checkUdpBuffer(maxBytes: string | undefined): Finding {
  if (maxBytes === undefined) {
    const text = 'how large UDP receive buffers may be is not to be seen in this network namespace';
    return found('udp_buffer', 'note', text, 'Look outside of it: sysctl net.core.rmem_max');
  }
  const bytes = Number(maxBytes.trim());
  // The kernel doubles what is asked for.
  if (bytes * 2 >= UDP_BUFFER_BYTES)
    return ok('udp_buffer', `UDP receive buffers of up to ${formatBytes(bytes * 2)}`);
  return found(
    'udp_buffer',
    'note',
    `UDP receive buffers of ${formatBytes(bytes * 2)} at most, which limits the rate`,
    'As root: sysctl -w net.core.rmem_max=16777216',
  );
}

function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [, first = '0', second = '0'] = /(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(first) > major || (Number(first) === major && Number(second) >= minor);
}
