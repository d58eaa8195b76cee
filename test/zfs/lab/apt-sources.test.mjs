import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { chooseMirror, parseDeb822, parseOneLine, readAptSources } from './apt-sources.mjs';

test('one-line: comments, sources, options and components', () => {
  const text = [
    '# deb http://mirror.example/debian bookworm main',
    'deb-src http://mirror.example/debian bookworm main',
    'deb [ arch=amd64 signed-by=/usr/share/keyrings/debian.gpg ] http://mirror.example/debian bookworm main contrib # why',
    'deb http://mirror.example/debian-security bookworm-security main',
  ].join('\n');
  assert.deepEqual(parseOneLine(text), [
    {
      uri: 'http://mirror.example/debian',
      suites: ['bookworm'],
      components: ['main', 'contrib'],
      options: 'signed-by=/usr/share/keyrings/debian.gpg',
    },
    {
      uri: 'http://mirror.example/debian-security',
      suites: ['bookworm-security'],
      components: ['main'],
      options: '',
    },
  ]);
});

test('deb822: stanzas, comments inside, continuation lines, disabled ones, a key written in', () => {
  const text = [
    'Types: deb deb-src',
    '# a comment between two fields',
    'URIs: http://mirror.example/debian',
    'Suites: bookworm',
    ' bookworm-updates',
    'Components: main',
    'Signed-By: /usr/share/keyrings/debian.gpg',
    '',
    'Types: deb',
    'URIs: http://other.example/debian',
    'Suites: bookworm',
    'Components: main',
    'Enabled: no',
    ' ',
    'Types: deb',
    'URIs: http://third.example/apt',
    'Suites: stable',
    'Components: main',
    'Signed-By:',
    ' -----BEGIN PGP PUBLIC KEY BLOCK-----',
    ' .',
    ' mQINBGPL0BUBEADmW5NdOOHwPIJlgPm6JDcKw3NZQhPqx9v5',
  ].join('\n');
  assert.deepEqual(parseDeb822(text), [
    {
      uri: 'http://mirror.example/debian',
      suites: ['bookworm', 'bookworm-updates'],
      components: ['main'],
      options: 'signed-by=/usr/share/keyrings/debian.gpg',
    },
    { uri: 'http://third.example/apt', suites: ['stable'], components: ['main'], options: '' },
  ]);
});

test('the archive with the release wins over others; security is no archive for it', () => {
  const source = (/** @type {string} */ uri, /** @type {string} */ suite) => {
    return { uri, suites: [suite], components: ['main'], options: '' };
  };
  const security = source('http://a.example/debian-security', 'bookworm');
  const newer = source('http://b.example/debian/', 'trixie');
  const exact = source('http://c.example/debian', 'bookworm');
  assert.equal(chooseMirror([security, newer, exact], 'bookworm'), exact);
  assert.equal(chooseMirror([security, newer], 'bookworm'), newer);
  assert.equal(chooseMirror([security], 'bookworm'), undefined);
});

test('reads both formats from a directory, and mirror+file as cloud images have it', () => {
  const directory = mkdtempSync(join(tmpdir(), 'apt-sources-'));
  try {
    mkdirSync(join(directory, 'sources.list.d'));
    writeFileSync(join(directory, 'mirrors'), '# list\nhttp://listed.example/debian priority:1\n');
    writeFileSync(join(directory, 'sources.list'), 'deb http://mirror.example/debian bookworm main\n');
    writeFileSync(
      join(directory, 'sources.list.d/debian.sources'),
      `Types: deb\nURIs: mirror+file:${directory}/mirrors\nSuites: bookworm\nComponents: main\n`,
    );
    writeFileSync(
      join(directory, 'sources.list.d/old.list.save'),
      'deb http://no.example/debian bookworm main\n',
    );
    const uris = readAptSources(directory).map((found) => found.uri);
    assert.deepEqual(uris, ['http://mirror.example/debian', 'http://listed.example/debian']);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
