// libIPSec_MB 2 for the tests and the bench (src/sys/ipsec-mb.ts): the system's, or the package of Debian 13 unpacked
// into the cache, which needs nothing but the C library. Nothing is installed and no root is needed.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chooseMirror, readAptSources } from '../test/zfs/lab/apt-sources.mjs';
import { cacheDirectory } from './node-versions.mjs';

const SONAME = 'libIPSec_MB.so.2';
const PACKAGE = 'libipsec-mb2';
const RELEASE = 'trixie';
const TIMEOUT_MS = 120_000;

const cached = () => join(cacheDirectory(), PACKAGE);

/** Puts what the cache holds where programs that this process starts look for libraries. True if it is there. */
export function useCachedIpsecMb() {
  if (!existsSync(join(cached(), SONAME))) return false;
  const paths = (process.env.LD_LIBRARY_PATH ?? '').split(':').filter((path) => path !== '');
  if (!paths.includes(cached())) process.env.LD_LIBRARY_PATH = [...paths, cached()].join(':');
  return true;
}

/** Sees to it that programs started from here find the library. Throws with the reason where it is not to be had. */
export function ensureIpsecMb() {
  if (process.arch !== 'x64' || inSystem() || useCachedIpsecMb()) return;
  mkdirSync(cacheDirectory(), { recursive: true });
  const work = mkdtempSync(join(cacheDirectory(), `${PACKAGE}-fetching-`));
  try {
    fetchPackage(work);
    const [file] = readdirSync(work).filter((name) => name.endsWith('.deb'));
    execFileSync('dpkg-deb', ['-x', join(work, file ?? ''), join(work, 'tree')]);
    rmSync(cached(), { recursive: true, force: true });
    renameSync(join(work, 'tree/usr/lib/x86_64-linux-gnu'), cached());
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  if (!useCachedIpsecMb()) throw new Error(`the package ${PACKAGE} holds no ${SONAME}`);
}

function inSystem() {
  const shown = spawnSync('/sbin/ldconfig', ['-p'], { encoding: 'utf8' });
  return shown.status === 0 && shown.stdout.includes(SONAME);
}

/** By apt, which checks the archive's signature, from the machine's own mirror, with lists of our own. */
function fetchPackage(work) {
  const mirror = chooseMirror(readAptSources(), RELEASE);
  if (mirror === undefined) throw new Error('no Debian archive in /etc/apt');
  const options = mirror.options === '' ? '' : `[${mirror.options}] `;
  writeFileSync(join(work, 'sources.list'), `deb ${options}${mirror.uri} ${RELEASE} main\n`);
  for (const directory of ['lists/partial', 'archives/partial'])
    mkdirSync(join(work, directory), { recursive: true });
  const settings = [
    `Dir::State::Lists=${work}/lists`,
    `Dir::Cache=${work}`,
    `Dir::Etc::SourceList=${work}/sources.list`,
    'Dir::Etc::SourceParts=/dev/null',
    'Dir::Etc::Preferences=/dev/null',
    'Dir::Etc::PreferencesParts=/dev/null',
    'Acquire::Languages=none',
    'Acquire::Retries=3',
    // The directory is its maker's alone, so apt need not try to read it as another user.
    'APT::Sandbox::User=root',
  ].flatMap((setting) => ['-o', setting]);
  for (const command of [['update'], ['download', PACKAGE]])
    execFileSync('apt-get', ['-q', ...settings, ...command], {
      cwd: work,
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: TIMEOUT_MS,
    });
}
