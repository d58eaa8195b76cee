// `zwire dissector`, loaded when it runs.
import { EXIT } from '../../bytes/error-codes.ts';
import type { CliContext } from '../context.ts';
import { dissectorText } from '../render/dissector-text.ts';
import { framedRun } from '../run/framed-run.ts';
import { installDissector, type Placed, placeDissector } from '../run/run-dissector.ts';
import { usageError } from '../usage-error.ts';
import { readVersion } from '../version.ts';
import type { DissectorFlags } from './dissector-command.ts';

export async function dissector(context: CliContext, flags: DissectorFlags): Promise<void> {
  await framedRun(context, async () => {
    const { install = false, output = '-', json = false } = flags;
    if (install && flags.output !== undefined) {
      throw usageError('--install and --output do not go together', 'Keep one of them.');
    }
    const text = dissectorText(readVersion());
    if (!install && output === '-') {
      context.process.stdout.write(text);
      return EXIT.done;
    }
    const placed = install ? await installDissector(text) : placeDissector(text, output);
    const { path, written } = placed;
    const line = json
      ? JSON.stringify({ event: 'dissector', time: context.now(), path, written })
      : wordsFor(placed, install);
    context.process.stdout.write(`${line}\n`);
    return EXIT.done;
  });
}

function wordsFor({ path, written }: Placed, install: boolean): string {
  const where = written ? `zwire: wrote ${path}` : `zwire: ${path} is up to date`;
  const look = install
    ? '  tshark -r run.pcap -Y zwire\n  In Wireshark: Analyze, Reload Lua Plugins; then filter by: zwire'
    : `  tshark -X lua_script:${path} -r run.pcap -Y zwire`;
  return `${where}\nTo see it:\n${look}\nTo record something: zwire capture --interface IF -w run.pcap`;
}
