// Paths of files to send or to write, directories for logs, names of interfaces and users. `-` is a standard stream.
import { malformed } from './malformed.ts';

/** A path, or `-`. Any bytes but none and NUL; `~` is the shell's to expand. @throws ZwireError FLAG_MALFORMED */
export function parsePath(text: string): string {
  if (text === '' || text.includes('\0'))
    throw malformed(text, 'a path', './data.img, or - for a standard stream');
  return text;
}

const INTERFACE_CHARACTERS_MAX = 15; // IFNAMSIZ - 1, linux/if.h

/** The name of a network interface, as the kernel allows it (dev_valid_name). @throws ZwireError FLAG_MALFORMED */
export function parseInterface(text: string): string {
  const valid = /^[^\s/:\0]+$/.test(text) && text !== '.' && text !== '..';
  if (!valid || Buffer.byteLength(text) > INTERFACE_CHARACTERS_MAX) {
    throw malformed(text, 'the name of a network interface (15 characters at most)', 'eth0');
  }
  return text;
}

/** The name of a user, as useradd(8) takes it. @throws ZwireError FLAG_MALFORMED */
export function parseUser(text: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_.-]{0,31}$/.test(text)) return text;
  throw malformed(text, 'the name of a user', 'zwire');
}
