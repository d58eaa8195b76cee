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
