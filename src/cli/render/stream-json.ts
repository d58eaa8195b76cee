// A send stream as JSON lines: what `zwire inspect --json` prints. 64-bit numbers are decimal strings, guids also hex.
import { nvPlain } from '../../stream/nvlist.ts';
import { decodeFields } from '../../stream/record-layout.ts';
import type { ResumeToken } from '../../stream/resume-token.ts';
import type { StreamEnd } from '../../stream/stream-reader.ts';
import type { StreamBegin, StreamRecord } from '../../stream/stream-record.ts';
import { type ChecksumCount, type SubstreamSummary, streamKinds } from '../../stream/stream-summary.ts';

function line(value: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === 'bigint') return part.toString();
    return part instanceof Uint8Array ? Buffer.from(part).toString('hex') : part;
  });
}

const hex = (guid: bigint | undefined): string | undefined =>
  guid === undefined ? undefined : `0x${guid.toString(16)}`;

export function beginJson(begin: StreamBegin): string {
  const { nvlist, kind: _kind, ...rest } = begin;
  return line({
    event: 'begin',
    kinds: streamKinds(begin),
    ...rest,
    toGuidHex: hex(begin.toGuid),
    fromGuidHex: hex(begin.fromGuid),
    ...(nvlist === undefined ? {} : { nvlist: { encoding: nvlist.encoding, pairs: nvPlain(nvlist.list) } }),
  });
}

export function substreamJson(summary: SubstreamSummary): string {
  const { begin, ...rest } = summary;
  return line({ event: 'substream', toName: begin.toName, kinds: streamKinds(begin), ...rest });
}

export function recordJson(record: StreamRecord): string {
  const { number, offset, type, payloadBytes, checksum } = record;
  const fields = decodeFields(type, record.header, record.littleEndian);
  return line({ event: 'record', record: number, offset, type, payloadBytes, checksum, fields });
}

export function endJson(end: StreamEnd, substreams: number, checksums: ChecksumCount): string {
  return line({ event: 'end', ...end, substreams, checksums });
}

export function tokenJson(token: ResumeToken): string {
  return line({
    event: 'token',
    ...token,
    toGuidHex: hex(token.toGuid),
    fromGuidHex: hex(token.fromGuid),
  });
}
