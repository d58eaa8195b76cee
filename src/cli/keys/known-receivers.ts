// The keys of receivers by the host that --to or --destination-ip names, one a line, in the way of SSH's known_hosts:
//
//   backup.example,198.18.0.2 zwire1 BASE64 backup
import { type KeyLine, lineError, parseKeyLines } from './key-words.ts';

/** The key of a receiver; undefined when the file does not know `host`. @throws ZwireError KEY_MALFORMED */
export function findReceiver(text: string, path: string, host: string): Uint8Array | undefined {
  const found = parseKeyLines(text, path).filter((line) => hostsOf(line, path).includes(host.toLowerCase()));
  const [first, second] = found;
  if (
    first !== undefined &&
    second !== undefined &&
    Buffer.compare(first.publicKey, second.publicKey) !== 0
  ) {
    throw lineError(path, second.number, `${host} has another key in line ${first.number}`);
  }
  return first?.publicKey;
}

function hostsOf(line: KeyLine, path: string): string[] {
  const [hosts = '', ...others] = line.before;
  if (hosts === '' || others.length > 0)
    throw lineError(path, line.number, 'before the key stand the names of one host, with commas between');
  return hosts.toLowerCase().split(',');
}
