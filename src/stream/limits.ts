// Every bound on what a send stream, an nvlist or a resume token may state, in one place. A length is compared with
// its bound before anything is kept, skipped or allocated for it.

export const STREAM_LIMITS = {
  /**
   * Payload of WRITE and SPILL, bytes: SPA_MAXBLOCKSIZE, the largest block of ZFS. Bounds a length that would declare
   * the rest of the stream, records and checksums with it, to be one block of data.
   */
  blockBytes: 0x100_0000,
  /** Smallest logical block, bytes: SPA_MINBLOCKSIZE. A smaller one makes a receiver read beyond its buffer. */
  blockBytesMin: 512,
  /** Largest block of a stream that does not say it has large ones, bytes: SPA_OLD_MAXBLOCKSIZE. */
  plainBlockBytes: 0x2_0000,
  /** Bonus buffer of OBJECT, bytes: DN_BONUS_SIZE of the largest dnode, 16 KiB less its header and block pointer. */
  bonusBytes: 16_192,
  /** 512-byte slots of a dnode: DNODE_MAX_SIZE / DNODE_MIN_SIZE. */
  dnodeSlots: 32,
  /** Payload of WRITE_EMBEDDED, bytes: BPE_PAYLOAD_SIZE, what fits into a block pointer. */
  embeddedBytes: 112,
  /**
   * nvlist at the head of a stream package, bytes: what libzfs allows (SPA_MAXBLOCKSIZE * 4). It is held in memory
   * whole, so this bounds what a stated length can make a receiver hold.
   */
  packageBytes: 0x400_0000,
  /** nvlist at the head of a substream, bytes: key data takes 2 KiB, a redaction list 8 bytes a snapshot. */
  substreamBytes: 0x40_0000,
  /** Nested nvlists: ZFS makes seven levels and the kernel takes twenty. Bounds recursion, and so the stack. */
  nvlistDepth: 20,
  /** Pairs of an nvlist, and lists in it, nested ones counted: each costs memory many times its smallest encoding of 20 bytes. */
  nvlistPairs: 1_000_000,
  /** Name of a pair, bytes: what an int16 of the native encoding can state. */
  nvlistNameBytes: 32_767,
  /** Name of the snapshot in BEGIN, bytes with its NUL: MAXNAMELEN. */
  nameBytes: 256,
  /** Resume token, characters. Properties of ZFS are at most 8 KiB; a redaction list makes tokens grow. */
  tokenCharacters: 65_536,
  /** nvlist inside a token, bytes when inflated. Bounds a token that inflates to gigabytes. */
  tokenBytes: 65_536,
} as const;
