// What a sender may have its stream say, and what never reaches `zfs receive`.
import { describe, expect, test } from 'vitest';
import { ZwireError } from '../bytes/zwire-error.ts';
import type { StreamFeature } from '../stream/feature.ts';
import { type BeginToWrite, StreamWriter } from '../stream/stream-writer.ts';
import { HELD_BYTES_MAX, StreamGate } from './stream-gate.ts';
import { StreamPolicy, type StreamRules } from './stream-policy.ts';

const FILESYSTEM = 2;
const VOLUME = 3;

const whole: StreamRules = {
  target: 'backup/data',
  to: { name: 'tank/data@tue', guid: 22n },
  incremental: false,
  recursive: false,
  type: 'filesystem',
  known: [],
  clones: [],
  rawOnly: false,
};
const increment: StreamRules = { ...whole, incremental: true, fromGuid: 11n };
const tree: StreamRules = { ...whole, recursive: true };
const treeIncrement: StreamRules = {
  ...increment,
  recursive: true,
  known: [
    { path: '', snap: 'mon', guid: 11n },
    { path: '/child', snap: 'mon', guid: 12n },
  ],
};

const head: BeginToWrite = { toName: 'tank/data@tue', toGuid: 22n, objsetType: FILESYSTEM };

/** BEGIN, a block of data, END. */
function oneStream(begin: Partial<BeginToWrite> = {}, endGuid?: bigint): Buffer {
  const writer = new StreamWriter();
  const given = { ...head, ...begin };
  return Buffer.concat([
    writer.begin(given),
    writer.record('WRITE', { object: 3n, logicalBytes: 1024n }, new Uint8Array(1024).fill(7)),
    writer.record('FREE', { object: 3n, offset: 1024n, length: 0xffff_ffff_ffff_ffffn }),
    writer.end(endGuid ?? given.toGuid ?? 0n),
  ]);
}

function packageOf(streams: readonly Buffer[], begin: Partial<BeginToWrite> = {}): Buffer {
  const writer = new StreamWriter();
  const top = writer.begin({ toName: 'tank/data@tue', kind: 'package', ...begin });
  return Buffer.concat([top, writer.end(), ...streams, new StreamWriter().end()]);
}

/** Pushes it in pieces of that size; gives the bytes that went on before end(), and after. */
function pass(rules: StreamRules, stream: Buffer, pieceBytes = 7919): { before: number; after: number } {
  const gate = new StreamGate(new StreamPolicy(rules));
  for (let at = 0; at < stream.length; at += pieceBytes) gate.push(stream.subarray(at, at + pieceBytes));
  const before = gate.released;
  gate.end();
  return { before, after: gate.released };
}

/** How far it came, with the error that stopped it. */
function stop(rules: StreamRules, stream: Buffer): { released: number; why: unknown; code: unknown } {
  const gate = new StreamGate(new StreamPolicy(rules));
  let released = 0;
  try {
    for (const byte of stream) {
      gate.push(Uint8Array.of(byte));
      released = gate.released;
    }
    gate.end();
  } catch (error) {
    if (!(error instanceof ZwireError)) throw error;
    const { code, fields } = error;
    return { released, code, why: fields['why'] };
  }
  throw new Error('it was let through');
}

const END_BYTES = 312;

describe('the end is held back', () => {
  test.each([1, 311, 312, 313, 1000, 100_000])('of one stream, in pieces of %i', (pieceBytes) => {
    const stream = oneStream();
    expect(pass(whole, stream, pieceBytes)).toEqual({
      before: stream.length - END_BYTES,
      after: stream.length,
    });
  });

  test('of each stream of a package, until the head of the next was taken', () => {
    const [first, second] = [
      oneStream({ toName: 'tank/data@mon', toGuid: 11n }),
      oneStream({ fromGuid: 11n }),
    ];
    const stream = packageOf([first, second]);
    const gate = new StreamGate(new StreamPolicy({ ...tree }));
    const firstEndAt = 2 * 312 + first.length - END_BYTES;
    const steps: number[] = [];
    for (const byte of stream) {
      gate.push(Uint8Array.of(byte));
      if (steps.at(-1) !== gate.released) steps.push(gate.released);
    }
    // It stands at the first END for the 312 bytes of that and the 312 of the next head, then takes both.
    const place = steps.indexOf(firstEndAt);
    expect(steps[place + 1]).toBe(firstEndAt + 312 + 312);
    expect(gate.released).toBe(stream.length - 2 * END_BYTES);
    gate.end();
    expect(gate.released).toBe(stream.length);
  });

  test.each<[string, number]>([
    ['before its END', -END_BYTES],
    ['in its END', -1],
    ['in its data', -END_BYTES - 500],
  ])('a stream cut %s is not complete, whatever the sender says', (_, at) => {
    expect(stop(whole, oneStream().subarray(0, at)).code).toBe('STREAM_TRUNCATED');
  });

  test('nor is a package without its last END', () => {
    expect(stop(tree, packageOf([oneStream()]).subarray(0, -END_BYTES)).code).toBe('STREAM_TRUNCATED');
  });
});

describe('nothing goes on of a stream that', () => {
  const features = (...names: StreamFeature[]): Partial<BeginToWrite> => ({ features: names });
  test.each<[string, StreamRules, Buffer, string]>([
    ['is of another snapshot', whole, oneStream({ toName: 'tank/data@wed' }), 'name'],
    ['is of another dataset', whole, oneStream({ toName: 'tank/other@tue' }), 'name'],
    ['has another guid', whole, oneStream({ toGuid: 23n }), 'guid'],
    ['has no guid', { ...whole, to: { name: 'tank/data@tue', guid: 0n } }, oneStream({ toGuid: 0n }), 'guid'],
    ['is an increment, announced as whole', whole, oneStream({ fromGuid: 11n }), 'base'],
    ['is whole, announced as an increment', increment, oneStream(), 'base'],
    ['starts from another guid', increment, oneStream({ fromGuid: 12n }), 'base'],
    ['is of a volume, announced as a filesystem', whole, oneStream({ objsetType: VOLUME }), 'type'],
    ['is of something else', { ...whole, type: 'unknown' }, oneStream({ objsetType: 4 }), 'type'],
    ['leaves data out', whole, oneStream(features('redacted')), 'feature'],
    ['goes on where nobody stopped', whole, oneStream(features('resuming')), 'feature'],
    ['is deduplicated', whole, oneStream(features('dedup')), 'feature'],
    ['is one, announced as a package', tree, oneStream(), 'kind'],
    ['brings properties unannounced', whole, packageOf([], { payload: propertyList() }), 'kind'],
    ['is a package of another name', tree, packageOf([], { toName: 'tank/data@wed' }), 'name'],
  ])('%s', (_, rules, stream, why) => {
    expect(stop(rules, stream)).toEqual({ released: 0, code: 'STREAM_REFUSED', why });
  });

  test.each([
    'no snapshot',
    'tank/../etc@x',
    'tank/data@a@b',
    'tank//data@a',
    '-o@x',
    'tank/d\u0001@x',
    'tank/%recv@x',
  ])('is called %j', (toName) => {
    const { to: _, ...seed } = whole;
    const { released, code } = stop(seed, oneStream({ toName }));
    expect(released).toBe(0);
    expect(['NAME_INVALID', 'STREAM_MALFORMED']).toContain(code);
  });

  test('is not raw, of a sender that may only send raw', () => {
    const rules = { ...whole, rawOnly: true };
    expect(stop(rules, oneStream())).toMatchObject({ released: 0, code: 'SENDER_NOT_ALLOWED' });
    const raw = oneStream({ features: ['raw', 'compressed'] });
    expect(pass(rules, raw).after).toBe(raw.length);
  });

  test('makes its receiver hold a head without end', () => {
    const payload = new Uint8Array(HELD_BYTES_MAX + 4);
    const stream = Buffer.from(new StreamWriter().begin({ toName: head.toName, kind: 'package', payload }));
    expect(() => pass(tree, stream.subarray(0, -8), 65_536)).toThrow(/longer than/);
  });
});

describe('of a package', () => {
  const mon = oneStream({ toName: 'tank/data@mon', toGuid: 11n });
  const tue = oneStream({ fromGuid: 11n });
  const child = (begin: Partial<BeginToWrite>): Buffer =>
    oneStream({ toName: 'tank/data/child@tue', toGuid: 33n, ...begin });

  test.each<[string, StreamRules, readonly Buffer[]]>([
    ['a tree', tree, [mon, tue, child({})]],
    ['a clone of what came before', tree, [mon, tue, child({ flags: 1, fromGuid: 11n })]],
    ['an increment with a child that has another base', treeIncrement, [tue, child({ fromGuid: 12n })]],
    ['an increment with a new child', treeIncrement, [tue, child({})]],
    [
      'the snapshots between two',
      increment,
      [oneStream({ toName: 'tank/data@m2', toGuid: 15n, fromGuid: 11n }), oneStream({ fromGuid: 15n })],
    ],
    ['a volume below', tree, [oneStream(), child({ objsetType: VOLUME })]],
  ])('%s goes through', (_, rules, streams) => {
    const stream = packageOf(streams);
    expect(pass(rules, stream)).toEqual({ before: stream.length - 2 * END_BYTES, after: stream.length });
  });

  test.each<[string, StreamRules, readonly Buffer[], string]>([
    ['does not lie below its top', tree, [mon, oneStream({ toName: 'tank/database@x', toGuid: 9n })], 'name'],
    ['has a shorter name than its top', tree, [mon, oneStream({ toName: 'evil@x', toGuid: 9n })], 'name'],
    [
      'lies below, in a package of one dataset',
      increment,
      [tue, oneStream({ toName: 'tank/data/c@x', toGuid: 9n })],
      'name',
    ],
    ['does not follow its predecessor', tree, [mon, oneStream({ fromGuid: 12n })], 'base'],
    ['comes whole a second time', tree, [mon, oneStream()], 'base'],
    ['starts from what is nowhere', treeIncrement, [tue, child({ fromGuid: 99n })], 'base'],
    ['starts from what is nowhere, as a clone', tree, [mon, tue, child({ flags: 1, fromGuid: 99n })], 'base'],
    ['is an increment in a whole tree', tree, [mon, tue, child({ fromGuid: 11n })], 'base'],
    ['starts elsewhere than announced', treeIncrement, [oneStream({ fromGuid: 12n })], 'base'],
    ['ends as another', tree, [mon, oneStream({ fromGuid: 11n }, 77n)], 'guid'],
    ['is of another type than announced', tree, [oneStream({ objsetType: VOLUME })], 'type'],
  ])('a stream that %s is stopped, and the END before it is not let go', (_, rules, streams, why) => {
    const last = streams.at(-1) ?? Buffer.alloc(0);
    const stream = packageOf(streams);
    const { released, ...stopped } = stop(rules, stream);
    expect(stopped).toEqual({ code: 'STREAM_REFUSED', why });
    const lastAt = stream.length - END_BYTES - last.length;
    const endsInside = why === 'guid';
    expect(released).toBe(
      endsInside ? lastAt + last.length - END_BYTES : streams.length === 1 ? lastAt : lastAt - END_BYTES,
    );
  });

  test('a newest snapshot that is not the announced one is not let go', () => {
    const stream = packageOf([mon]);
    expect(stop(tree, stream)).toMatchObject({ code: 'STREAM_REFUSED', why: 'guid' });
    expect(stop(tree, stream).released).toBe(2 * 312 + mon.length - END_BYTES);
  });

  test('a name that becomes too long below the target is stopped', () => {
    const long = { ...tree, target: `backup/${'x'.repeat(200)}` };
    const deep = oneStream({ toName: `tank/data/${'y'.repeat(60)}@tue`, toGuid: 9n });
    expect(stop(long, packageOf([mon, deep])).code).toBe('NAME_INVALID');
  });
});

test('a stream spliced from two, and one with something behind its end, are stopped', () => {
  const stream = oneStream();
  const other = oneStream({ toGuid: 23n });
  expect(stop(whole, Buffer.concat([stream.subarray(0, 312), other.subarray(312)])).code).toMatch(/^STREAM_/);
  expect(stop(whole, Buffer.concat([stream.subarray(0, -312), other])).code).toMatch(/^STREAM_/);
  expect(stop(whole, Buffer.concat([stream, stream]))).toMatchObject({ released: stream.length - END_BYTES });
});

test("the seed's format tells less, and less is asked", () => {
  const { to: _, ...seed } = { ...whole, type: 'unknown' as const };
  expect(pass(seed, oneStream()).after).toBeGreaterThan(0);
  expect(pass({ ...seed, recursive: true }, oneStream()).after).toBeGreaterThan(0);
  expect(pass({ ...seed, incremental: true }, oneStream({ fromGuid: 5n })).after).toBeGreaterThan(0);
});

/** An empty nvlist, XDR. */
function propertyList(): Uint8Array {
  return Uint8Array.from([1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
}
