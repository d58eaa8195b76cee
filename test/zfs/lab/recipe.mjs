/**
 * What the two virtual machines are made of. Everything that can change the bytes of an image is in this
 * file, and an image's cache key is a hash over it: edit a recipe and the next run builds that image anew.
 */
import { createHash } from 'node:crypto';

/**
 * @typedef {object} Recipe
 * @property {string} version OpenZFS release series, the name used on command lines
 * @property {string} kernel Linux release series, for people
 * @property {string} release Debian release that apt prefers
 * @property {readonly string[]} suites Debian suites the packages come from
 * @property {boolean} gso whether this kernel lets AF_PACKET send UDP GSO super-frames (Linux 6.2 and newer)
 * @property {readonly string[]} [extraPackages] beside PACKAGES
 */

/** @type {readonly Recipe[]} */
export const RECIPES = [
  {
    version: '2.1',
    kernel: '6.1',
    release: 'bookworm',
    suites: ['bookworm', 'bookworm-updates'],
    gso: false,
    // The other release's udev brings it along.
    extraPackages: ['systemd'],
  },
  {
    version: '2.3',
    kernel: '6.12',
    release: 'bookworm-backports',
    suites: ['bookworm', 'bookworm-updates', 'bookworm-backports'],
    gso: true,
  },
];

/** contrib holds zfs-dkms: its licence keeps the module out of main. */
export const COMPONENTS = ['main', 'contrib'];

/** On both. The last line is for Node, which the share brings: every release line of it links one or both. */
export const PACKAGES = [
  'linux-image-cloud-amd64',
  'linux-headers-cloud-amd64',
  'zfs-dkms',
  'zfsutils-linux',
  'iproute2',
  'kmod',
  'udev',
  'libstdc++6',
  'libatomic1',
];

/** Never unpacked: nobody reads manuals in there, and unpacking them costs time. */
export const UNPACK_EXCLUDED = [
  '/usr/share/doc/*',
  '/usr/share/man/*',
  '/usr/share/info/*',
  '/usr/share/locale/*',
  '/usr/share/lintian/*',
];

/** Needed to compile the module, useless afterwards; removed before the tree becomes an image. */
export const REMOVED_AFTER_BUILD = [
  'boot',
  'usr/src',
  'usr/include',
  'usr/lib/gcc',
  'usr/lib/linux-kbuild*',
  'usr/lib/x86_64-linux-gnu/*.a',
  'var/lib/dkms',
  'var/lib/apt/lists',
  'var/cache',
  'var/log',
  'usr/share/i18n',
  'usr/share/perl',
];

/** Room in the image beyond its files: the guest writes to tmpfs, the root only takes small things. */
export const FREE_BYTES = 64 * 2 ** 20;

/**
 * Process 1 of the guest. It knows only how to find the share; what to do there is on the share, which is
 * made for each run, so that the suite can change without building an image.
 */
export const INIT = `#!/bin/sh
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
mountpoint -q /proc || mount -t proc proc /proc
mountpoint -q /sys || mount -t sysfs sysfs /sys
mountpoint -q /dev || mount -t devtmpfs devtmpfs /dev
mountpoint -q /run || mount -t tmpfs tmpfs /run
mkdir -p /share
mount -t ext4 -o ro,noload /dev/vdb /share && sh /share/guest/boot.sh
sync
echo o > /proc/sysrq-trigger
sleep 60
`;

/**
 * @param {Recipe} recipe
 * @returns {string} 16 hex digits naming the image in the cache
 */
export function recipeHash(recipe) {
  const everything = [recipe, COMPONENTS, PACKAGES, UNPACK_EXCLUDED, REMOVED_AFTER_BUILD, FREE_BYTES, INIT];
  return createHash('sha256').update(JSON.stringify(everything)).digest('hex').slice(0, 16);
}

/**
 * @param {string | undefined} only a version, or undefined for all
 * @returns {readonly Recipe[]}
 */
export function selectRecipes(only) {
  if (only === undefined) return RECIPES;
  const chosen = RECIPES.filter((recipe) => recipe.version === only);
  if (chosen.length === 0) {
    throw new Error(`no OpenZFS ${only} in the lab; there is ${RECIPES.map((r) => r.version).join(', ')}`);
  }
  return chosen;
}
