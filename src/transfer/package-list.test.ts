// What the list at the head of a recursive stream may make `zfs receive` do with what stands here: nothing.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { NvList, NvPair } from '../stream/nvlist.ts';
import { encodeXdrNvList } from '../stream/nvlist-encode.ts';
import { type BeginToWrite, StreamWriter } from '../stream/stream-writer.ts';
import { StreamGate } from './stream-gate.ts';
import { StreamPolicy, type StreamRules } from './stream-policy.ts';

const FILESYSTEM = 2;

/** backup/web1/data with a child, a clone of it, and a snapshot that the sender does not have any more. */
const rules: StreamRules = {
  target: 'backup/web1/data',
  to: { name: 'tank/data@tue', guid: 22n },
  incremental: true,
  fromGuid: 11n,
  recursive: true,
  type: 'filesystem',
  known: [
    { path: '', snap: 'old', guid: 10n },
    { path: '', snap: 'mon', guid: 11n },
    { path: '/child', snap: 'mon', guid: 31n },
    { path: '/copy', snap: 'mon', guid: 41n },
  ],
  clones: [{ path: '/copy', originGuid: 31n }],
  rawOnly: false,
};

const list = (...pairs: NvPair[]): NvList => ({ uniqueNames: true, pairs });
const text = (name: string, value: string): NvPair => ({ name, type: 'string', value });
const number = (name: string, value: bigint): NvPair => ({ name, type: 'uint64', value });
const nested = (name: string, value: NvList): NvPair => ({ name, type: 'nvlist', value });

interface Entry {
  readonly name: string;
  readonly parent?: bigint;
  readonly origin?: bigint;
  readonly snaps: Readonly<Record<string, bigint>>;
  readonly properties?: Readonly<Record<string, string>>;
}

const TOP: Entry = { name: 'tank/data', snaps: { mon: 11n, tue: 22n } };
const CHILD: Entry = { name: 'tank/data/child', parent: 11n, snaps: { mon: 31n, tue: 32n } };
const COPY: Entry = { name: 'tank/data/copy', parent: 11n, origin: 31n, snaps: { mon: 41n, tue: 42n } };

function listOf(entries: readonly Entry[], from: string | undefined = 'mon'): NvList {
  const fss = entries.map(({ name, parent = 0n, origin, snaps, properties = {} }, place) =>
    nested(
      `0x${place}`,
      list(
        text('name', name),
        number('parentfromsnap', parent),
        ...(origin === undefined ? [] : [number('origin', origin)]),
        nested('props', list(...Object.entries(properties).map(([key, value]) => text(key, value)))),
        nested('snaps', list(...Object.entries(snaps).map(([snap, guid]) => number(snap, guid)))),
      ),
    ),
  );
  const fromsnap = from === '' ? [] : [text('fromsnap', from)];
  return list(...fromsnap, text('tosnap', 'tue'), nested('fss', list(...fss)));
}

const withProperty = (name: string, value: string): NvList =>
  listOf([{ ...TOP, properties: { [name]: value } }]);

function stream(begin: Partial<BeginToWrite> & { readonly toName: string }): Uint8Array[] {
  const writer = new StreamWriter();
  return [writer.begin({ objsetType: FILESYSTEM, ...begin }), writer.end(begin.toGuid ?? 0n)];
}

const TOP_STREAM = stream({ toName: 'tank/data@tue', toGuid: 22n, fromGuid: 11n });
const CHILD_STREAM = stream({ toName: 'tank/data/child@tue', toGuid: 32n, fromGuid: 31n });

/** What the gate says of it: '' when it lets it through. */
function judge(packed: NvList, streams: readonly Uint8Array[][], given: StreamRules = rules): string {
  const writer = new StreamWriter();
  const head = writer.begin({
    kind: 'package',
    toName: 'tank/data@tue',
    payload: encodeXdrNvList(packed),
  });
  const gate = new StreamGate(new StreamPolicy(given));
  try {
    gate.push(Buffer.concat([head, writer.end(), ...streams.flat(), new StreamWriter().end()]));
    gate.end();
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

describe('a list that calls everything by its name goes through', () => {
  test('of an increment, with what the receiver does not have and what the sender does not have any more', () => {
    const entries = [TOP, { ...CHILD, snaps: { ancient: 5n, ...CHILD.snaps } }, COPY];
    expect(judge(listOf(entries), [TOP_STREAM, CHILD_STREAM])).toBe('');
  });

  test('of an increment with a new child', () => {
    const made = { name: 'tank/data/new', parent: 11n, snaps: { tue: 52n } };
    const whole = stream({ toName: 'tank/data/new@tue', toGuid: 52n });
    expect(judge(listOf([TOP, made, COPY]), [TOP_STREAM, whole])).toBe('');
  });

  test('of a real stream of zfs send -R -w', () => {
    const real = new Uint8Array(
      gunzipSync(
        readFileSync(new URL('../../test/fixtures/send-streams/raw-replication.gz', import.meta.url)),
      ),
    );
    const { to: _, fromGuid: __, ...seed } = rules;
    const gate = new StreamGate(
      new StreamPolicy({ ...seed, incremental: false, known: [], clones: [], target: 'backup/x' }),
    );
    gate.push(real);
    gate.end();
    expect(gate.released).toBe(real.length);
  });
});

describe('nothing goes on of a stream whose list', () => {
  const moved = { ...CHILD, parent: 41n };
  test.each<[string, NvList, RegExp]>([
    ['renames a snapshot', listOf([{ ...TOP, snaps: { worst: 10n, ...TOP.snaps } }]), /rename .*@old/],
    ['exchanges two', listOf([{ ...TOP, snaps: { mon: 10n, old: 11n, tue: 22n } }]), /rename/],
    ['renames a dataset', listOf([TOP, { ...CHILD, name: 'tank/data/gone' }]), /rename .*child/],
    ['moves a dataset by the guid of its parent', listOf([TOP, moved, COPY]), /below another/],
    ['moves a dataset to nowhere', listOf([TOP, { ...CHILD, parent: 99n }]), /below another/],
    ['promotes a clone', listOf([TOP, CHILD, { ...COPY, origin: 0n }]), /promote .*copy/],
    [
      'says another guid for a name',
      listOf([TOP, { ...CHILD, snaps: { mon: 77n, tue: 32n } }]),
      /has guid 31/,
    ],
    ['starts elsewhere', listOf([TOP], 'old'), /starts from @old/],
    ['starts from nowhere', listOf([TOP], ''), /starts from @/],
    ['names what is outside', listOf([TOP, { ...CHILD, name: 'tank/database' }]), /not at or below/],
    ['names what is no dataset', listOf([TOP, { ...CHILD, name: 'tank/data/../x' }]), /not a dataset name/],
    ['names a snapshot that is none', listOf([{ ...TOP, snaps: { 'a/b': 5n, tue: 22n } }]), /not a snapshot/],
    ['has a dataset twice', listOf([TOP, TOP]), /twice/],
    ['has a dataset without its parent', listOf([TOP, { ...CHILD, name: 'tank/data/a/b' }]), /without what/],
    ['overruns a buffer', withProperty('keylocation', `file:///${'a'.repeat(248)}`), /keylocation/],
    ['mounts at the start', withProperty('org.openzfs.systemd:wanted-by', 'basic.target'), /wanted-by/],
    ['has no datasets', list(text('fromsnap', 'mon'), text('tosnap', 'tue')), /what it holds/],
    ['may have a name twice', { ...listOf([TOP]), uniqueNames: false }, /what it holds/],
  ])('%s', (_, packed, why) => {
    expect(judge(packed, [TOP_STREAM])).toMatch(why);
  });

  test.each<[string, Uint8Array[], RegExp]>([
    ['does not have a stream', stream({ toName: 'tank/data/new@tue', toGuid: 52n }), /does not have/],
    ['has it with another guid', stream({ toName: 'tank/data/child@tue', toGuid: 33n }), /does not have/],
  ])('%s', (_, other, why) => {
    expect(judge(listOf([TOP, CHILD]), [TOP_STREAM, other])).toMatch(why);
  });
});

describe('without a list too, a stream lands where its name says or nowhere:', () => {
  test.each<[string, Partial<BeginToWrite> & { readonly toName: string }]>([
    ['a whole one without a parent', { toName: 'tank/data/none/x@tue', toGuid: 52n }],
    ['a clone without a parent', { toName: 'tank/data/none/x@tue', toGuid: 52n, fromGuid: 31n, flags: 1 }],
    ['an increment of what is not here', { toName: 'tank/data/none@tue', toGuid: 52n, fromGuid: 31n }],
    [
      'an increment from the snapshot of another',
      { toName: 'tank/data/child@tue', toGuid: 52n, fromGuid: 41n },
    ],
  ])('%s', (_, begin) => {
    const policy = new StreamPolicy(rules);
    policy.first({ ...HEAD, kind: 'package', toName: 'tank/data@tue', contents: 'none', toGuid: 0n });
    policy.next({ ...HEAD, toName: 'tank/data@tue', toGuid: 22n, fromGuid: 11n });
    const clone = begin.flags === 1 ? (['clone'] as const) : [];
    expect(() =>
      policy.next({
        ...HEAD,
        toName: begin.toName,
        toGuid: begin.toGuid ?? 0n,
        fromGuid: begin.fromGuid,
        flags: clone,
      }),
    ).toThrow(/neither here nor in the package/);
  });
});

test('a sender may not hold snapshots here', () => {
  const policy = new StreamPolicy(rules);
  const head = { ...HEAD, kind: 'package', toName: 'tank/data@tue', contents: 'none', toGuid: 0n } as const;
  expect(() => policy.first({ ...head, features: ['holds'] })).toThrow(/holds/);
});

const HEAD = {
  kind: 'substream',
  contents: 'filesystem',
  features: [],
  flags: [],
  fromGuid: undefined,
  nvlist: undefined,
} as const;
