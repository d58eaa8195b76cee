// The list of senders that a receiver lets in, one a line, in the way of SSH's authorized_keys:
//
//   into=backup/web1 max-rate=2Gbit max-bytes=1T kinds=dataset,delta raw-only zwire1 BASE64 root@web1
//
// An option that is not known makes the whole file unreadable: it may have been meant to forbid something.
import type { AnnouncementKind } from '../../wire/announce.ts';
import { ZwireError } from '../../bytes/zwire-error.ts';
import type { AuthorizedSender, SenderRules } from '../../transfer/transfer-keys.ts';
import { parseRate } from '../parse/rate.ts';
import { parseSize } from '../parse/size.ts';
import { parseDataset } from '../parse/snapshot.ts';
import { type KeyLine, lineError, parseKeyLines } from './key-words.ts';

const KINDS: readonly AnnouncementKind[] = ['file', 'dataset', 'pool', 'delta'];

/** @throws ZwireError KEY_MALFORMED */
export function parseAuthorizedSenders(text: string, path: string): AuthorizedSender[] {
  const senders: AuthorizedSender[] = [];
  const lineOf = new Map<string, number>();
  for (const line of parseKeyLines(text, path)) {
    const key = Buffer.from(line.publicKey).toString('base64');
    const earlier = lineOf.get(key);
    if (earlier !== undefined) throw lineError(path, line.number, `its key is that of line ${earlier}`);
    lineOf.set(key, line.number);
    const { publicKey, comment } = line;
    senders.push({ publicKey, name: comment === '' ? key : comment, rules: rulesOf(line, path) });
  }
  return senders;
}

function rulesOf(line: KeyLine, path: string): SenderRules {
  let rules: SenderRules = { rawOnly: false };
  const named = new Set<string>();
  for (const word of line.before) {
    const equals = word.indexOf('=');
    const name = equals < 0 ? word : word.slice(0, equals);
    if (named.has(name)) throw lineError(path, line.number, `the option ${name} is given twice`);
    named.add(name);
    rules = { ...rules, ...ruleOf(name, equals < 0 ? undefined : word.slice(equals + 1), line, path) };
  }
  return rules;
}

function ruleOf(name: string, value: string | undefined, line: KeyLine, path: string): Partial<SenderRules> {
  if (name === 'raw-only' && value === undefined) return { rawOnly: true };
  if (value === undefined || value === '') throw lineError(path, line.number, `"${name}" is no option`);
  try {
    switch (name) {
      case 'into':
        return { into: parseDataset(value) };
      case 'max-rate':
        return { bitsPerSecondMax: parseRate(value) };
      case 'max-bytes':
        return { bytesMax: BigInt(parseSize(value)) };
      case 'kinds':
        return { kinds: kindsOf(value, line, path) };
      default:
        throw lineError(path, line.number, `there is no option ${name}`);
    }
  } catch (error) {
    if (error instanceof ZwireError && error.code !== 'KEY_MALFORMED')
      throw lineError(path, line.number, `${name}: ${error.message}`);
    throw error;
  }
}

function kindsOf(value: string, line: KeyLine, path: string): AnnouncementKind[] {
  return value.split(',').map((word) => {
    const kind = KINDS.find((known) => known === word);
    if (kind === undefined)
      throw lineError(path, line.number, `kinds are ${KINDS.join(', ')}, not "${word}"`);
    return kind;
  });
}
