import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { watchOutput } from './lost-output.ts';

function ended(args: readonly string[], code: string, exitCode: number): readonly [number, string] {
  let said = '';
  const process = Object.assign(new EventEmitter(), {
    stdout: new EventEmitter(),
    stderr: { write: (text: string) => (said += text) },
    exitCode,
  });
  watchOutput(process, args);
  for (let time = 0; time < 3; time += 1)
    process.stdout.emit('error', Object.assign(new Error(`${code}: why`), { code }));
  process.emit('exit');
  return [process.exitCode, said];
}

it.each([
  [['inspect', 'x'], 'ENOSPC', 0, 5, 'zwire: cannot write standard output: ENOSPC: why (FILE_UNWRITABLE)\n'],
  [['--help'], 'ENOSPC', 0, 5, 'zwire: cannot write standard output: ENOSPC: why (FILE_UNWRITABLE)\n'],
  [['inspect', 'x'], 'ENOSPC', 1, 1, 'zwire: cannot write standard output: ENOSPC: why (FILE_UNWRITABLE)\n'],
  [['inspect', 'x'], 'EPIPE', 0, 0, ''],
  [['send', '--json'], 'ENOSPC', 0, 0, expect.stringMatching(/^zwire: warning: cannot write/)],
  [['--reciever', '--json'], 'ENOSPC', 0, 0, expect.stringMatching(/^zwire: warning: cannot write/)],
  [['send', '--json'], 'EPIPE', 0, 0, ''],
])(
  'zwire %j whose output meets %s, and would end with %d, ends with %d',
  (args, code, before, after, said) => {
    expect(ended(args, code, before)).toEqual([after, said]);
  },
);
