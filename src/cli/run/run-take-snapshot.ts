// The seed's `--snapshot --pool P`: takes a snapshot and prints its name, for scripts.
import { takeSnapshot } from '../../zfs/snapshot.ts';
import type { CliContext } from '../context.ts';
import type { SeedRequest } from '../request/seed-request.ts';
import type { Run } from './reported-run.ts';

type TakeSnapshotRequest = Extract<SeedRequest, { kind: 'take-snapshot' }>;

/** @throws ZwireError */
export async function runTakeSnapshot(
  request: TakeSnapshotRequest,
  context: CliContext,
  run: Run,
): Promise<void> {
  const name = await takeSnapshot(request.dataset, { recursive: request.recursive, signal: run.signal });
  if (request.output.json) run.report({ event: 'snapshot', time: context.now(), name });
  else context.process.stdout.write(`${name}\n`);
}
