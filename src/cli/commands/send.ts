// `zwire send`, loaded when it runs.
import type { SnapshotName } from '../../zfs/name.ts';
import type { CliContext } from '../context.ts';
import { outputRequest } from '../request/output-request.ts';
import { type SendFlags, sendRequest } from '../request/send-request.ts';
import { reportedRun } from '../run/reported-run.ts';

export async function send(context: CliContext, flags: SendFlags, snapshot?: SnapshotName): Promise<void> {
  const output = outputRequest(flags);
  await reportedRun(
    context,
    { output, role: 'send', dataOnStdout: false, failuresAreThrown: true },
    async (run) => {
      const request = sendRequest(flags, snapshot);
      // Not before the request is known to make sense: this loads the foreign-function library.
      const { runSend } = await import('../run/run-send.ts');
      await runSend(request, context, run);
    },
  );
}
