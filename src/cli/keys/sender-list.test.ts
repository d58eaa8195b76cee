import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { KeyPair } from '../../seal/key-pair.ts';
import { formatPublicKey } from '../../seal/public-key.ts';
import { SenderList } from './sender-list.ts';

const LINES = ['one', 'two', 'three'].map(
  (name) => `${formatPublicKey(KeyPair.generate().publicKey, name)}\n`,
);
const [ONE = '', TWO = '', THREE = ''] = LINES;

let directory: string;
let path: string;
let said: string[];
let list: SenderList;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'zwire-list-'));
  path = join(directory, 'authorized_senders');
  said = [];
  writeFileSync(path, ONE);
  list = new SenderList(path, (code, message) => said.push(`${code} ${message}`));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const names = (senders: readonly { readonly name: string }[] | undefined): string[] | undefined =>
  senders?.map(({ name }) => name);

it('is read again when the file has changed and stayed the same for one look', () => {
  expect(list.look()).toBeUndefined();
  writeFileSync(path, ONE + TWO);
  expect(list.look()).toBeUndefined();
  // Its writer was not done.
  writeFileSync(path, ONE + TWO + THREE);
  expect(list.look()).toBeUndefined();
  expect(names(list.look())).toEqual(['one', 'two', 'three']);
  expect(list.look()).toBeUndefined();
  expect(said).toEqual([expect.stringMatching(/^SENDERS_READ .*3 senders are let in$/)]);
});

it('another file under its name is a change, and so is a list without anybody', () => {
  writeFileSync(`${path}.new`, TWO);
  renameSync(`${path}.new`, path);
  list.look();
  expect(names(list.look())).toEqual(['two']);
  writeFileSync(path, '# nobody\n');
  list.look();
  expect(names(list.look())).toEqual([]);
});

it('is read at once on request', () => {
  writeFileSync(path, TWO);
  expect(names(list.readNow())).toEqual(['two']);
  list.look();
  expect(list.look()).toBeUndefined();
});

it.each([
  ['cannot be read', () => rmSync(path), /^KEY_FILE_UNREADABLE .*stays in force$/],
  [
    'holds a mistake',
    () => writeFileSync(path, `${ONE}no-such-option ${TWO}`),
    /^KEY_MALFORMED line 2 .*stays in force$/,
  ],
] as const)('a file that %s changes nothing, which is said once', (_what, spoil, message) => {
  spoil();
  for (let times = 0; times < 5; times++) expect(list.look()).toBeUndefined();
  expect(said).toEqual([expect.stringMatching(message)]);
  writeFileSync(path, TWO);
  list.look();
  expect(names(list.look())).toEqual(['two']);
});
