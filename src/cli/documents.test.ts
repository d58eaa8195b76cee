// Every command of the documents and of the help pages can be typed as it stands: the flags exist, the values are
// read, and the combination is taken.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { scanFlags } from '../../test/cli/scan-flags.ts';
import type { SnapshotName } from '../zfs/name.ts';
import { captureCommand } from './commands/capture-command.ts';
import {
  bookmarkCommand,
  destroyCommand,
  holdCommand,
  listCommand,
  releaseCommand,
  rollbackCommand,
  snapshotCommand,
} from './commands/dataset-commands.ts';
import { dissectorCommand } from './commands/dissector-command.ts';
import { doctorCommand } from './commands/doctor-command.ts';
import { inspectCommand } from './commands/inspect-command.ts';
import { receiveCommand } from './commands/receive-command.ts';
import { seedCommand } from './commands/seed-command.ts';
import { sendCommand } from './commands/send-command.ts';
import { mergeCommand, reportCommand } from './commands/trace-command.ts';
import { CAPTURE_HELP } from './help/capture-help.ts';
import * as DATASET_HELP from './help/dataset-help.ts';
import { DISSECTOR_HELP } from './help/dissector-help.ts';
import { DOCTOR_HELP } from './help/doctor-help.ts';
import { INSPECT_HELP } from './help/inspect-help.ts';
import { RECEIVE_HELP } from './help/receive-help.ts';
import { ROOT_HELP } from './help/root-help.ts';
import { SEED_HELP } from './help/seed-help.ts';
import { SEND_HELP } from './help/send-help.ts';
import { TRACE_HELP } from './help/trace-help.ts';
import { type ReceiveFlags, receiveRequest } from './request/receive-request.ts';
import { type SeedFlags, seedRequest } from './request/seed-request.ts';
import { type SendFlags, sendRequest } from './request/send-request.ts';

const ROOT = new URL('../../', import.meta.url);

/** Commands whose flags make no request that could be refused. */
const SCANNED: Readonly<Record<string, typeof sendCommand>> = {
  bookmark: bookmarkCommand,
  capture: captureCommand,
  destroy: destroyCommand,
  doctor: doctorCommand,
  dissector: dissectorCommand,
  hold: holdCommand,
  inspect: inspectCommand,
  list: listCommand,
  release: releaseCommand,
  rollback: rollbackCommand,
  snapshot: snapshotCommand,
  'trace merge': mergeCommand,
  'trace report': reportCommand,
};
const NAMES = ['send', 'receive', ...Object.keys(SCANNED)].join('|');

/** Commands in indented blocks, fences and backticks; lines that end in a backslash go on. */
function commandsIn(text: string): string[] {
  const whole = text.replace(/\\\n\s*/g, ' ');
  const lines = whole
    .split('\n')
    .flatMap((line) => [...line.matchAll(/`([^`]+)`/g)].map(([, code]) => code ?? ''));
  const blocks = whole.split('\n').filter((line) => /^ {2,}[^\s{]/.test(line));
  return [...lines, ...blocks].flatMap((line) => commandOf(line) ?? []);
}

/** `zwire send ...` of `tar c x | zwire send ... > y # why`; undefined when there is none that can be scanned. */
function commandOf(line: string): string | undefined {
  const found = new RegExp(String.raw`(?:^|\s)(?:zwire|bin/zwire\.mjs) ((?:${NAMES}|--[a-z]).*)$`).exec(
    line,
  )?.[1];
  const command = found?.split(/ [|>&#] ?/)[0]?.trim();
  const bare = new RegExp(String.raw`^(?:${NAMES}|--\S+)$`);
  const isExample =
    command !== undefined && !bare.test(command) && !/\.\.\.|\$\(|--help|--version|[A-Z]{2,}/.test(command);
  return isExample ? command : undefined;
}

async function take(command: string): Promise<void> {
  const name = NAMES.split('|').find((candidate) => command.startsWith(`${candidate} `));
  const words = name === undefined ? command : command.slice(name.length + 1);
  const scanned = SCANNED[name ?? ''];
  if (command.startsWith('send ')) {
    const { flags, positional, stderr } = await scanFlags<SendFlags, [SnapshotName?]>(sendCommand, words);
    expect(stderr).toBe('');
    if (flags !== undefined) sendRequest(flags, positional?.[0]);
  } else if (command.startsWith('receive ')) {
    const { flags, stderr } = await scanFlags<ReceiveFlags>(receiveCommand, words);
    expect(stderr).toBe('');
    if (flags !== undefined) receiveRequest(flags);
  } else if (scanned !== undefined) {
    const { flags, stderr } = await scanFlags<object>(scanned, words);
    expect(stderr).toBe('');
    expect(flags).toBeDefined();
  } else {
    const { flags, stderr } = await scanFlags<SeedFlags>(seedCommand, words);
    expect(stderr).toBe('');
    if (flags !== undefined) seedRequest(flags);
  }
}

const documents = [
  'README.md',
  ...readdirSync(new URL('docs/operations', ROOT)).map((name) => `docs/operations/${name}`),
];
const inDocuments = documents.flatMap((name) =>
  commandsIn(readFileSync(new URL(name, ROOT), 'utf8')).map((command): [string, string] => [name, command]),
);
const inHelp = Object.entries({
  ROOT_HELP,
  SEND_HELP,
  RECEIVE_HELP,
  CAPTURE_HELP,
  DISSECTOR_HELP,
  DOCTOR_HELP,
  INSPECT_HELP,
  TRACE_HELP,
  SEED_HELP,
  ...DATASET_HELP,
}).flatMap(([name, page]) =>
  page.examples.flatMap(([, typed]) =>
    commandsIn(typed.replace(/^/gm, '    ')).map((command): [string, string] => [name, command]),
  ),
);

it('finds the commands', () => {
  expect(inDocuments.filter(([name]) => name === 'README.md').length).toBeGreaterThan(12);
  expect(inHelp.length).toBeGreaterThan(15);
});

it.each([...inDocuments, ...inHelp])('%s: zwire %s', async (_where, command) => {
  await take(command);
});
