// The seed's form, loaded when it runs.
import type { CliContext } from '../context.ts';
import { outputRequest } from '../request/output-request.ts';
import { type SeedFlags, type SeedRequest, seedRequest } from '../request/seed-request.ts';
import { type Run, reportedRun } from '../run/reported-run.ts';

export async function seed(context: CliContext, flags: SeedFlags): Promise<void> {
  const receives = flags.reciever === true || flags.receiver === true;
  const dataOnStdout = receives && flags.dummyData === '-';
  const settings = {
    output: outputRequest(flags),
    role: receives ? 'receive' : 'send',
    dataOnStdout,
    failuresAreThrown: !receives || flags.once === true || dataOnStdout,
  } as const;
  await reportedRun(context, settings, (run) => carryOut(seedRequest(flags), context, run));
}

async function carryOut(request: SeedRequest, context: CliContext, run: Run): Promise<void> {
  switch (request.kind) {
    case 'send': {
      const { runSend } = await import('../run/run-send.ts');
      return runSend(request.request, context, run);
    }
    case 'receive': {
      const { runReceive } = await import('../run/run-receive.ts');
      return runReceive(request.request, context, run);
    }
    case 'take-snapshot': {
      const { runTakeSnapshot } = await import('../run/run-take-snapshot.ts');
      return runTakeSnapshot(request, context, run);
    }
  }
}
