import { expect, it } from 'vitest';
import { fakeContext } from '../../../test/cli/fake-context.ts';
import { refuseTerminalInput, refuseTerminalOutput } from './terminal-check.ts';

it('refuses to write data to a terminal, or to read it from one', () => {
  const refusal = expect.objectContaining({ code: 'TERMINAL_REFUSED' });
  expect(() => refuseTerminalOutput(fakeContext({ stdoutIsTerminal: true }))).toThrow(refusal);
  expect(() => refuseTerminalInput(fakeContext({ stdinIsTerminal: true }))).toThrow(refusal);
  refuseTerminalOutput(fakeContext({ stderrIsTerminal: true }));
  refuseTerminalInput(fakeContext());
});
