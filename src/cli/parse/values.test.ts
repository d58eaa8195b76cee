import { describe, expect, it } from 'vitest';
import { parseDuration, parsePause } from './duration.ts';
import { parseDestination, parseListenAddress } from './host.ts';
import { parseLocale } from './locale.ts';
import { parseInterface, parsePath } from './path.ts';
import { parseSize } from './size.ts';
import { parseDataset, parsePool, parseSnapshot, parseSnapshotBeside } from './snapshot.ts';
import { parseVerbosity } from './verbosity.ts';
import { parseFrameSize, parsePort, parseTransferCount } from './whole-number.ts';

const refusal = expect.objectContaining({
  code: 'FLAG_MALFORMED',
  hint: expect.stringMatching(/For example: .+/),
});

function thrownBy(act: () => unknown): unknown {
  try {
    return { taken: act() };
  } catch (error) {
    return error;
  }
}

describe.each<[string, (text: string) => unknown, [string, unknown][], string[]]>([
  [
    'parseSize',
    parseSize,
    [
      ['128M', 128 * 1024 ** 2],
      ['1T', 1024 ** 4],
      ['512MiB', 512 * 1024 ** 2],
      ['1.5G', 1.5 * 1024 ** 3],
      ['64k', 65_536],
      ['4096', 4096],
      ['4096B', 4096],
    ],
    ['', '0', 'M', '-1M', '128MB', '1KB', '10iB', '1e6', '99999999999T', '128 M M'],
  ],
  [
    'parseDuration',
    parseDuration,
    [
      ['30', 30_000],
      ['30s', 30_000],
      ['500ms', 500],
      ['0.5', 500],
      ['2m', 120_000],
      ['24h', 86_400_000],
    ],
    ['', '0', '0s', '-5', '25h', '5d', 'soon', '1m30s'],
  ],
  [
    'parsePause',
    parsePause,
    [
      ['0', 0],
      ['0.001', 1],
      ['.5', 500],
      ['2', 2000],
    ],
    ['', '-1', '61', '1ms', '5Gbit'],
  ],
  [
    'parsePort',
    parsePort,
    [
      ['1337', 1337],
      ['1', 1],
      ['65535', 65_535],
    ],
    ['', '0', '65536', '-1', '13.37', 'http'],
  ],
  [
    'parseFrameSize',
    parseFrameSize,
    [
      ['9000', 9000],
      ['576', 576],
    ],
    ['', '575', '65536', '9k', '9000B'],
  ],
  [
    'parseTransferCount',
    parseTransferCount,
    [
      ['1', 1],
      ['8', 8],
    ],
    ['0', '257', 'many'],
  ],
  [
    'parseDestination',
    parseDestination,
    [
      ['198.18.0.2', { host: '198.18.0.2' }],
      ['198.18.0.2:1338', { host: '198.18.0.2', port: 1338 }],
      ['backup.example', { host: 'backup.example' }],
      ['host-b:99', { host: 'host-b', port: 99 }],
    ],
    ['', ':1337', '::1', '[::1]:1337', 'host:0', 'host:x', '-host', 'a..b', 'a b', 'x'.repeat(64)],
  ],
  [
    'parseVerbosity',
    parseVerbosity,
    [
      ['DEBUG', 'debug'],
      ['Info', 'info'],
      ['warning', 'warning'],
      ['critical', 'error'],
      ['noset', 'debug'],
      ['10', 'debug'],
      ['20', 'info'],
      ['30', 'warning'],
      ['50', 'error'],
    ],
    ['', 'loud', '51', '-1'],
  ],
  [
    'parseLocale',
    parseLocale,
    ['C', 'C.UTF-8', 'POSIX', 'en_US.UTF-8', 'sv_SE', 'de_DE@euro', 'en-US', 'zh-Hant-TW'].map((tag) => [
      tag,
      tag,
    ]),
    ['', 'en US', '../etc', 'e', '1'],
  ],
  [
    'parseInterface',
    parseInterface,
    [
      ['eth0', 'eth0'],
      ['vlan.100', 'vlan.100'],
    ],
    ['', '.', '..', 'a/b', 'a b', 'x'.repeat(16), 'a:1'],
  ],
  [
    'parsePath',
    parsePath,
    [
      ['-', '-'],
      ['./x y', './x y'],
    ],
    ['', 'a\0b'],
  ],
])('%s', (_name, parse, good, bad) => {
  it.each(good)('reads %j', (text, value) => {
    expect(parse(text)).toEqual(value);
  });
  it.each(bad)('refuses %j and gives an example', (text) => {
    expect(thrownBy(() => parse(text))).toEqual(refusal);
  });
});

it('reads addresses of --to and --listen as IPv4 when they look like it', () => {
  expect(parseListenAddress('0.0.0.0:99')).toEqual({ host: '0.0.0.0', port: 99 });
  for (const parse of [parseDestination, parseListenAddress]) {
    expect(thrownBy(() => parse('198.18.0.256'))).toMatchObject({ code: 'IPV4_MALFORMED' });
    expect(thrownBy(() => parse('198.18.2'))).toMatchObject({ code: 'IPV4_MALFORMED' });
  }
  expect(thrownBy(() => parseListenAddress('host-b'))).toMatchObject({ code: 'IPV4_MALFORMED' });
});

describe('names of datasets and snapshots', () => {
  it('are what zfs/name.ts takes', () => {
    expect(parseSnapshot('tank/my data@a b')).toBe('tank/my data@a b');
    expect(parseDataset('tank/data')).toBe('tank/data');
    expect(parsePool('tank')).toBe('tank');
    for (const bad of ['', '@x', 'tank@', 'tank/@x', 'tank/-a@b@c', '/tank@a', 'tank/..@x', '-R@x']) {
      expect(thrownBy(() => parseSnapshot(bad))).toMatchObject({ code: 'NAME_INVALID' });
    }
  });

  it('say how to name a snapshot when a dataset is given', () => {
    expect(thrownBy(() => parseSnapshot('tank/data'))).toMatchObject({
      code: 'NAME_INVALID',
      hint: expect.stringContaining('zfs snapshot tank/data@monday'),
    });
  });

  it('take a directory for a dataset: in / one has the name that it is mounted under', () => {
    expect(thrownBy(() => parseSnapshot('src'))).toMatchObject({
      message: '"src" is a dataset, and what travels is a snapshot of it',
    });
  });

  it('point from a file that is there to --file', () => {
    expect(thrownBy(() => parseSnapshot('package.json'))).toMatchObject({
      code: 'NAME_INVALID',
      hint: 'To send the file: --file "package.json"',
    });
  });

  it('point from --pool to --dataset', () => {
    expect(thrownBy(() => parsePool('tank/data'))).toMatchObject({
      hint: 'For a dataset, use --dataset tank/data',
    });
  });

  it.each(['@monday', 'monday', 'tank/data@monday'])('%s beside tank/data is tank/data@monday', (text) => {
    expect(parseSnapshotBeside(parseDataset('tank/data'), text)).toBe('tank/data@monday');
  });
});
