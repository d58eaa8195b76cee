/**
 * Finds this machine's own Debian mirror in its apt sources, in both formats of sources.list(5). The
 * lab never names a mirror: a machine that can install packages already knows a good one.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @typedef {object} AptSource
 * @property {string} uri
 * @property {readonly string[]} suites
 * @property {readonly string[]} components
 * @property {string} options what stands in brackets in the one-line format; '' when none
 */

/** Options that decide whether apt believes the mirror; all others (arch, by-hash...) are dropped. */
const KEPT_OPTIONS = ['signed-by', 'trusted', 'check-valid-until', 'check-date'];

/**
 * @param {string} text a *.list file
 * @returns {AptSource[]}
 */
export function parseOneLine(text) {
  const sources = [];
  for (const raw of text.split('\n')) {
    const line = raw.replace(/#.*/, '').trim();
    const match = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s*(.*)$/.exec(line);
    if (!match) continue;
    const [, options = '', uri = '', suite = '', components = ''] = match;
    const kept = options
      .split(/\s+/)
      .filter((o) => KEPT_OPTIONS.includes((o.split('=')[0] ?? '').toLowerCase()));
    sources.push({ uri, suites: [suite], components: words(components), options: kept.join(' ') });
  }
  return sources;
}

/**
 * @param {string} text a *.sources file: stanzas apart by empty lines, continuation lines indented
 * @returns {AptSource[]}
 */
export function parseDeb822(text) {
  const sources = [];
  const withoutComments = text.replace(/^#.*\n?/gm, '');
  for (const stanza of withoutComments.split(/\n[ \t]*\n/)) {
    /** @type {Map<string, string>} */
    const fields = new Map();
    for (const field of stanza.replace(/\n[ \t]+/g, ' ').split('\n')) {
      const colon = field.indexOf(':');
      if (colon > 0) fields.set(field.slice(0, colon).trim().toLowerCase(), field.slice(colon + 1).trim());
    }
    const enabled = (fields.get('enabled') ?? 'yes').toLowerCase() !== 'no';
    if (!enabled || !words(fields.get('types')).includes('deb')) continue;
    const options = [];
    for (const key of KEPT_OPTIONS) {
      const value = fields.get(key);
      // A key written into the stanza itself has spaces and cannot go into brackets; apt's own keyring holds it.
      if (value !== undefined && words(value).length === 1) options.push(`${key}=${value}`);
    }
    for (const uri of words(fields.get('uris'))) {
      const suites = words(fields.get('suites'));
      sources.push({ uri, suites, components: words(fields.get('components')), options: options.join(' ') });
    }
  }
  return sources;
}

/**
 * The archive that carries a Debian release: one that this machine already takes the release from, else any
 * whose path ends in /debian (archives other than Debian's own keep other releases under other paths).
 *
 * @param {readonly AptSource[]} sources
 * @param {string} suite such as 'bookworm'
 * @returns {AptSource | undefined}
 */
export function chooseMirror(sources, suite) {
  const debian = sources.filter((source) => /\/debian\/?$/.test(new URL(source.uri).pathname));
  const exact = debian.find((source) => source.suites.includes(suite) && source.components.includes('main'));
  return exact ?? debian.find((source) => source.components.includes('main'));
}

/**
 * @param {string} [directory] apt's configuration directory
 * @returns {AptSource[]}
 */
export function readAptSources(directory = '/etc/apt') {
  const parts = join(directory, 'sources.list.d');
  const files = existsSync(parts)
    ? readdirSync(parts)
        .sort()
        .map((name) => join(parts, name))
    : [];
  files.unshift(join(directory, 'sources.list'));
  /** @type {AptSource[]} */
  const sources = [];
  for (const file of files) {
    if (!existsSync(file)) continue;
    const text = readFileSync(file, 'utf8');
    if (file.endsWith('.sources')) sources.push(...parseDeb822(text));
    else if (file.endsWith('.list')) sources.push(...parseOneLine(text));
  }
  return sources.map(resolveMirrorFile).filter((source) => URL.canParse(source.uri));
}

/**
 * `mirror+file:/etc/apt/mirrors/debian.list` (Debian's cloud images) names a list of mirrors: take the first.
 *
 * @param {AptSource} source
 * @returns {AptSource}
 */
function resolveMirrorFile(source) {
  const match = /^mirror\+file:(?:\/\/)?(\/.*)$/.exec(source.uri);
  if (!match?.[1] || !existsSync(match[1])) return source;
  const first = readFileSync(match[1], 'utf8')
    .split('\n')
    .map((line) => words(line)[0] ?? '')
    .find((word) => word !== '' && !word.startsWith('#'));
  return first === undefined ? source : { ...source, uri: first };
}

/**
 * @param {string | undefined} text
 * @returns {string[]}
 */
function words(text) {
  return (text ?? '').split(/\s+/).filter((word) => word !== '');
}
