// A send stream in words: what `zwire inspect` prints. Names come from whoever made the stream.
import type { NvList, NvPair } from '../../stream/nvlist.ts';
import { decodeFields, RECORD_TYPES } from '../../stream/record-layout.ts';
import type { ResumeToken } from '../../stream/resume-token.ts';
import type { StreamEnd } from '../../stream/stream-reader.ts';
import type { StreamBegin, StreamRecord } from '../../stream/stream-record.ts';
import { type ChecksumCount, type SubstreamSummary, streamKinds } from '../../stream/stream-summary.ts';
import { formatBytes, formatCount } from './figures.ts';
import { printable } from './terminal-text.ts';

/** Pairs of a nested list are shown down to this depth, and so many of each list. */
const NVLIST_DEPTH_SHOWN = 3;
const NVLIST_PAIRS_SHOWN = 40;
const VALUE_CHARACTERS_SHOWN = 100;
const VALUES_SHOWN = 100;
const LABEL_COLUMNS = 12;

function row(label: string, value: string): string {
  return `  ${label.padEnd(LABEL_COLUMNS)} ${value}`;
}

/** `0xf3851fd58c3305c6 (17547466525159654854)` */
export function formatGuid(guid: bigint): string {
  return `0x${guid.toString(16)} (${guid})`;
}

/** `monday` as UTC; what no calendar knows stays a number. */
function formatCreation(seconds: bigint): string {
  const date = new Date(Number(seconds) * 1000);
  return Number.isNaN(date.getTime()) ? `${seconds} s` : date.toISOString().replace('.000', '');
}

export function beginText(begin: StreamBegin): string[] {
  const lines = [`${printable(begin.toName)}: ${streamKinds(begin).join(', ')}`];
  if (begin.kind === 'substream') {
    lines.push(row('to guid', formatGuid(begin.toGuid)));
    if (begin.fromGuid !== undefined) lines.push(row('from guid', formatGuid(begin.fromGuid)));
    lines.push(row('created', formatCreation(begin.creationSeconds)), row('contents', begin.contents));
  }
  lines.push(row('byte order', begin.littleEndian ? 'little-endian' : 'big-endian'));
  lines.push(row('features', `${begin.features.join(' ') || 'none'} (0x${begin.featureFlags.toString(16)})`));
  if (begin.flags.length > 0) lines.push(row('flags', begin.flags.join(' ')));
  if (begin.resume !== undefined)
    lines.push(row('resumes at', `object ${begin.resume.object}, offset ${begin.resume.offset}`));
  if (begin.ivsetGuids !== undefined) {
    const { to, from } = begin.ivsetGuids;
    lines.push(
      row('IV set', `to ${formatGuid(to)}${from === undefined ? '' : `, from ${formatGuid(from)}`}`),
    );
  }
  if (begin.nvlist !== undefined) {
    lines.push(row('nvlist', begin.nvlist.encoding === 'xdr' ? 'XDR' : 'native'));
    lines.push(...nvListText(begin.nvlist.list, 1));
  }
  return lines;
}

function nvListText(list: NvList, depth: number): string[] {
  const indent = '  '.repeat(depth + 1);
  const shown = list.pairs.slice(0, NVLIST_PAIRS_SHOWN).flatMap((pair) => {
    const name = printable(pair.name);
    if (pair.type !== 'nvlist') return [`${indent}${name}: ${valueText(pair)}`];
    const head = `${indent}${name}: ${formatCount(pair.value.pairs.length, 'pair')}`;
    return depth < NVLIST_DEPTH_SHOWN ? [head, ...nvListText(pair.value, depth + 1)] : [head];
  });
  const more = list.pairs.length - NVLIST_PAIRS_SHOWN;
  return more > 0 ? [...shown, `${indent}and ${formatCount(more, 'pair')} more`] : shown;
}

/** Anything but a list, in one line. */
function valueText(pair: Exclude<NvPair, { type: 'nvlist' }>): string {
  const text = plainText(pair);
  const cut = text.length > VALUE_CHARACTERS_SHOWN ? `${text.slice(0, VALUE_CHARACTERS_SHOWN)}...` : text;
  return printable(cut);
}

function plainText(pair: Exclude<NvPair, { type: 'nvlist' }>): string {
  switch (pair.type) {
    case 'nvlist_array':
      return formatCount(pair.value.length, 'list');
    case 'uint8_array':
    case 'byte_array':
      return Buffer.from(pair.value).toString('hex');
    default:
      return scalarText(pair.value);
  }
}

function scalarText(value: unknown): string {
  return Array.isArray(value) ? value.slice(0, VALUES_SHOWN).join(' ') : String(value);
}

export function substreamText(summary: SubstreamSummary): string[] {
  const rows = RECORD_TYPES.flatMap((type) => {
    const count = summary.records[type];
    return count === undefined
      ? []
      : [[type, String(count.records), formatBytes(count.payloadBytes)] as const];
  });
  const lines = [
    row('records', `${'type'.padEnd(15)}${'count'.padStart(10)}${'payload'.padStart(12)}`),
    ...rows.map(([type, records, bytes]) =>
      row('', `${type.padEnd(15)}${records.padStart(10)}${bytes.padStart(12)}`),
    ),
  ];
  const compressions = Object.entries(summary.compression).map(
    ([name, { blocks, logicalBytes, payloadBytes }]) =>
      `${name}: ${formatCount(blocks, 'block')}, ${formatBytes(logicalBytes)} as ${formatBytes(payloadBytes)}`,
  );
  compressions.forEach((text, index) => lines.push(row(index === 0 ? 'compression' : '', text)));
  lines.push(row('checksums', checksumText(summary.checksums)));
  if (!summary.complete) lines.push(row('END', 'not reached'));
  return lines;
}

function checksumText({ verified, absent }: ChecksumCount): string {
  return `${verified} fit${absent === 0 ? '' : `, ${absent} left out by the sender`}`;
}

/** The last line. */
export function endText(end: StreamEnd, substreams: number, checksums: ChecksumCount): string {
  const what = end.complete ? 'complete' : 'INCOMPLETE';
  const count = substreams === 1 ? '' : `, ${formatCount(substreams, 'substream')}`;
  return `${what}: ${formatCount(end.records, 'record')}${count}, ${formatCount(end.bytes, 'byte')}, checksums: ${checksumText(checksums)}`;
}

/** One line for one record (--records): number, offset, type, fields. */
export function recordText(record: StreamRecord): string {
  const fields = Object.entries(decodeFields(record.type, record.header, record.littleEndian)).map(
    ([name, value]) => `${name}=${fieldText(name, value)}`,
  );
  const payload = record.payloadBytes === 0 ? '' : ` payload=${record.payloadBytes}`;
  return `${record.number} @${record.offset} ${record.type} ${fields.join(' ')}${payload}`;
}

function fieldText(name: string, value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map((word: bigint) => word.toString(16)).join('/');
  if (typeof value === 'bigint' && /guid$/i.test(name)) return `0x${value.toString(16)}`;
  return typeof value === 'string' ? JSON.stringify(printable(value)) : String(value);
}

export function tokenText(token: ResumeToken): string[] {
  const flags = [
    token.largeBlocks ? '-L' : '',
    token.embedded ? '-e' : '',
    token.compressed ? '-c' : '',
    token.raw ? '-w' : '',
    token.saved ? '--saved' : '',
  ];
  const kind = token.fromGuid === undefined ? 'full' : 'incremental';
  const guids = (list: readonly bigint[]): string => list.map(formatGuid).join(' ') || 'none';
  return [
    `resume token: ${kind} stream to ${printable(token.toName)}`,
    row('to guid', formatGuid(token.toGuid)),
    ...(token.fromGuid === undefined ? [] : [row('from guid', formatGuid(token.fromGuid))]),
    row('goes on at', `object ${token.object}, offset ${token.offset}`),
    row('received', `${token.bytes} bytes (${formatBytes(Number(token.bytes))})`),
    row('send flags', flags.filter((flag) => flag !== '').join(' ') || 'none'),
    ...(token.redactSnapshots === undefined ? [] : [row('redacted by', guids(token.redactSnapshots))]),
    ...(token.bookmarkRedactSnapshots === undefined
      ? []
      : [row('bookmark', guids(token.bookmarkRedactSnapshots))]),
    row('made on', token.littleEndian ? 'a little-endian host' : 'a big-endian host'),
  ];
}
