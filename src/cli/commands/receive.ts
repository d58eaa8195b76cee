// `zwire receive`, loaded when it runs.
import type { CliContext } from '../context.ts';
import { outputRequest } from '../request/output-request.ts';
import { type ReceiveFlags, receiveRequest } from '../request/receive-request.ts';
import { reportedRun } from '../run/reported-run.ts';

export async function receive(context: CliContext, flags: ReceiveFlags): Promise<void> {
  const dataOnStdout = flags.file === '-';
  const settings = {
    output: outputRequest(flags),
    role: 'receive',
    dataOnStdout,
    failuresAreThrown: flags.once === true || dataOnStdout,
  } as const;
  await reportedRun(context, settings, async (run) => {
    const request = receiveRequest(flags);
    // Not before the request is known to make sense: this loads the foreign-function library.
    const { runReceive } = await import('../run/run-receive.ts');
    await runReceive(request, context, run);
  });
}
