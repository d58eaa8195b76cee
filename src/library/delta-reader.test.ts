import { expect, test } from 'vitest';
import { FakeZfs } from '../../test/fake-zfs.ts';
import { parseDatasetName } from '../zfs/name.ts';
import { receiveArguments } from '../zfs/receive.ts';
import { DeltaReader } from './delta-reader.ts';

const TARGET = parseDatasetName('backup/x');

test('what cannot be set on a copy that is there and whole is a warning, not a failure', async () => {
  using zfs = new FakeZfs();
  zfs
    .dataset(TARGET)
    .dataset('backup', {})
    .snapshots(TARGET, { tue: [22n, 9] });
  const plan = {
    target: TARGET,
    type: 'unknown',
    incremental: false,
    recursive: true,
    resumable: false,
  } as const;
  zfs.on(receiveArguments(plan), { script: 'cat >/dev/null; exit 0' });
  zfs.tree(TARGET, { [TARGET]: {} });
  zfs.on(['set', 'canmount=noauto', 'setuid=off', 'devices=off', TARGET], {
    stderr: `cannot set property for '${TARGET}': permission denied\n`,
    exitCode: 1,
  });
  await using reader = new DeltaReader(TARGET, { recursive: true });
  await reader.restore(Buffer.from('the stream'));
  expect(await reader.finish()).toMatchObject({
    guid: 22n,
    warnings: [expect.stringContaining('may be mounted')],
  });
});

test.each(['fails', 'is given up'])(
  'what a stream that %s has left is kept from being mounted, or that is told',
  async (how) => {
    using zfs = new FakeZfs();
    const child = `${TARGET}/child`;
    zfs.dataset(TARGET, {}).snapshots(TARGET, { mon: [11n, 5] });
    const plan = {
      target: TARGET,
      type: 'filesystem',
      incremental: true,
      recursive: true,
      resumable: false,
    } as const;
    const restore = async (): Promise<DeltaReader> => {
      zfs.tree(TARGET, { [TARGET]: {} });
      const reader = new DeltaReader(TARGET, { recursive: true });
      await reader.restore(Buffer.from('the stream'));
      zfs.tree(TARGET, { [TARGET]: {}, [child]: {} });
      return reader;
    };
    const warnings: string[] = [];
    const onWarning = ({ message }: Error): void => void warnings.push(message);
    const end = async (reader: DeltaReader): Promise<string> => {
      const failed = how === 'fails' ? reader.finish() : Promise.resolve();
      const told = await failed.then(
        () => '',
        (error: unknown) => String(error),
      );
      await reader[Symbol.asyncDispose]();
      // Node says it a little later.
      await new Promise((resolve) => setImmediate(resolve));
      return told + warnings.join('');
    };
    zfs.on(receiveArguments(plan), {
      script: 'cat >/dev/null; echo "cannot receive: I/O error" >&2; exit 1',
    });
    zfs.on(['set', 'canmount=noauto', child], {});
    process.on('warning', onWarning);
    try {
      expect(await end(await restore())).not.toContain('may be mounted');
      expect(zfs.calls()).toContain(`set canmount=noauto ${child}`);
      zfs.on(['set', 'canmount=noauto', child], { stderr: 'permission denied', exitCode: 1 });
      expect(await end(await restore())).toContain('may be mounted');
    } finally {
      process.off('warning', onWarning);
    }
  },
);
