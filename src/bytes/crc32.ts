// CRC-32 (ISO 3309, polynomial 0xedb88320 reflected), as zlib and the seed's chunks use it.
import { crc32 as zlibCrc32 } from 'node:zlib';

/** The CRC-32 of `data`, unsigned, continuing from `previous` (the CRC of what came before). */
export function crc32(data: Uint8Array, previous: number = 0): number {
  return zlibCrc32(data, previous);
}
