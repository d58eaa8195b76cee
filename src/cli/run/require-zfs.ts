// What a receiver into a pool needs of its host, asked before it listens: the first sender, in the night, is too late.
import { ZwireError } from '../../bytes/zwire-error.ts';
import { zfsVersion } from '../../zfs/feature.ts';

/**
 * Throws PROGRAM_MISSING without `zfs`. What may still be mended while the receiver waits, or does not stop it, is
 * only told.
 */
export async function requireZfs(warn: (code: string, message: string) => void): Promise<void> {
  try {
    const { module } = await zfsVersion();
    if (module === undefined) warn('ZFS_MODULE_MISSING', 'the ZFS kernel module is not loaded: modprobe zfs');
  } catch (error) {
    if (!(error instanceof ZwireError) || error.code === 'PROGRAM_MISSING') throw error;
    warn(error.code, error.message);
  }
}
