// The resume token, the value of `receive_resume_token` (get_receive_resume_token_impl in module/zfs/dsl_dataset.c):
//
//   1-<checksum>-<length>-<payload>    all in lower-case hex
//
// payload: an nvlist in the native encoding of the receiver, compressed by zlib; length: of the nvlist in bytes;
// checksum: the sum of the 32-bit words of the compressed bytes (the first word of their fletcher4).
import { deflateSync, inflateSync } from 'node:zlib';
import { ZwireError } from '../bytes/zwire-error.ts';
import { STREAM_LIMITS } from './limits.ts';
import { type NvList, type NvPair, nvValue } from './nvlist.ts';
import { decodeNvList } from './nvlist-decode.ts';
import { encodeNativeNvList } from './nvlist-encode.ts';

/** Where an interrupted receive wants to go on. */
export interface ResumeToken {
  /** `tank/data@monday` as it was called; the sender finds it by `toGuid`, so that it may have been renamed. */
  readonly toName: string;
  readonly toGuid: bigint;
  /** guid of the snapshot or bookmark that the increment starts from; undefined for a full stream. */
  readonly fromGuid: bigint | undefined;
  readonly object: bigint;
  /** In the object, bytes. */
  readonly offset: bigint;
  /** Bytes of the stream that have been received. */
  readonly bytes: bigint;
  /** How the stream was made, and must be made again: the flags -L, -e, -c, -w, and --saved. */
  readonly largeBlocks: boolean;
  readonly embedded: boolean;
  readonly compressed: boolean;
  readonly raw: boolean;
  readonly saved: boolean;
  /** guids of the snapshots that the stream is redacted by, or of its redaction bookmark. */
  readonly redactSnapshots: readonly bigint[] | undefined;
  readonly bookmarkRedactSnapshots: readonly bigint[] | undefined;
  /** Byte order of the receiver that made the token. */
  readonly littleEndian: boolean;
}

const SHAPE = /^(\d+)-([0-9a-f]{1,16})-([0-9a-f]{1,16})-((?:[0-9a-f]{2})+)$/;
const VERSION = '1';
const FLAGS = {
  largeblockok: 'largeBlocks',
  embedok: 'embedded',
  compressok: 'compressed',
  rawok: 'raw',
  savedok: 'saved',
} as const;

/** @throws ZwireError TOKEN_MALFORMED */
export function decodeResumeToken(text: string): ResumeToken {
  if (text.length > STREAM_LIMITS.tokenCharacters) return refuse(`it has ${text.length} characters`);
  const [, version, checksum = '', lengthHex = '', payloadHex = ''] = SHAPE.exec(text) ?? [];
  if (version === undefined) return refuse('it is not four groups of hex digits with - between');
  if (version !== VERSION) return refuse(`version ${version} is not known`);
  const compressed = Uint8Array.from(payloadHex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  const stated = BigInt(`0x${checksum}`);
  const littleEndian = stated === wordSum(compressed, true);
  if (!littleEndian && stated !== wordSum(compressed, false)) return refuse('its checksum does not fit');
  const list = inflatedList(compressed, Number(`0x${lengthHex}`), littleEndian);
  return fromList(list, littleEndian);
}

/** A token that says the same as that of a receiver. Its compressed bytes may differ: zlibs differ. */
export function encodeResumeToken(token: ResumeToken): string {
  const packed = encodeNativeNvList(toList(token), token.littleEndian);
  const compressed = deflateSync(packed, { level: 6 });
  const sum = wordSum(compressed, token.littleEndian).toString(16);
  return `${VERSION}-${sum}-${packed.length.toString(16)}-${compressed.toString('hex')}`;
}

function refuse(why: string): never {
  throw new ZwireError('TOKEN_MALFORMED', `this is no resume token: ${why}`, {
    fields: { why },
    hint: 'zfs get -H -o value receive_resume_token DATASET prints it. Copy it whole, on one line.',
  });
}

/** The first word of fletcher4. One to three bytes after the last whole word are not covered. */
function wordSum(bytes: Uint8Array, littleEndian: boolean): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let sum = 0;
  // At most 2^14 words of 2^32: exact in a double.
  for (let at = 0; at + 4 <= bytes.length; at += 4) sum += view.getUint32(at, littleEndian);
  return BigInt(sum);
}

function inflatedList(compressed: Uint8Array, length: number, littleEndian: boolean): NvList {
  if (length > STREAM_LIMITS.tokenBytes) return refuse(`it states ${length} bytes`);
  try {
    const packed = inflateSync(compressed, { maxOutputLength: Math.max(1, length) });
    if (packed.length !== length) return refuse(`it holds ${packed.length} bytes and states ${length}`);
    const decoded = decodeNvList(packed);
    if (decoded.encoding === 'native' && decoded.littleEndian !== littleEndian)
      return refuse('its checksum is of the other byte order');
    return decoded.list;
  } catch (error) {
    if (error instanceof ZwireError && error.code === 'TOKEN_MALFORMED') throw error;
    return refuse(error instanceof Error ? error.message : 'it cannot be unpacked');
  }
}

function fromList(list: NvList, littleEndian: boolean): ResumeToken {
  const number = (name: string): bigint => nvValue(list, name, 'uint64') ?? refuse(`it does not say ${name}`);
  const flag = (name: keyof typeof FLAGS): boolean => nvValue(list, name, 'boolean') === true;
  return {
    toName: nvValue(list, 'toname', 'string') ?? refuse('it does not say toname'),
    toGuid: number('toguid'),
    fromGuid: nvValue(list, 'fromguid', 'uint64'),
    object: number('object'),
    offset: number('offset'),
    bytes: number('bytes'),
    largeBlocks: flag('largeblockok'),
    embedded: flag('embedok'),
    compressed: flag('compressok'),
    raw: flag('rawok'),
    saved: flag('savedok'),
    redactSnapshots: nvValue(list, 'redact_snaps', 'uint64_array'),
    bookmarkRedactSnapshots: nvValue(list, 'book_redact_snaps', 'uint64_array'),
    littleEndian,
  };
}

/** In the order in which ZFS adds them. */
function toList(token: ResumeToken): NvList {
  const number = (name: string, value: bigint): NvPair => ({ name, type: 'uint64', value });
  const array = (name: string, value: readonly bigint[] | undefined): NvPair[] =>
    value === undefined ? [] : [{ name, type: 'uint64_array', value }];
  const flags = Object.entries(FLAGS).filter(([, key]) => token[key]);
  return {
    uniqueNames: true,
    pairs: [
      ...(token.fromGuid === undefined ? [] : [number('fromguid', token.fromGuid)]),
      number('object', token.object),
      number('offset', token.offset),
      number('bytes', token.bytes),
      number('toguid', token.toGuid),
      { name: 'toname', type: 'string', value: token.toName },
      ...flags.map(([name]): NvPair => ({ name, type: 'boolean', value: true })),
      ...array('redact_snaps', token.redactSnapshots),
      ...array('book_redact_snaps', token.bookmarkRedactSnapshots),
    ],
  };
}
