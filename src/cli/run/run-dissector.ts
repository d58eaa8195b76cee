// Puts the dissector where Wireshark looks for it, or into a file.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { ZwireError } from '../../bytes/zwire-error.ts';
import { runProcess } from '../../exec/process.ts';
import { codeOf, messageOf } from '../render/error-text.ts';

const FILE_NAME = 'zwire.lua';

/** The folder of personal Lua plugins, as tshark names it; the usual one where there is no tshark to ask. */
export async function pluginDirectory(): Promise<string> {
  const usual = join(homedir(), '.local/lib/wireshark/plugins');
  try {
    const { stdout } = await runProcess('tshark', ['-G', 'folders']);
    return /^Personal Lua Plugins:\s*(\/.*?)\s*$/m.exec(stdout)?.[1] ?? usual;
  } catch (error) {
    if (codeOf(error) === 'PROGRAM_MISSING') return usual;
    throw error;
  }
}

export interface Placed {
  readonly path: string;
  /** False when the file was there already, with these very bytes. */
  readonly written: boolean;
}

/** Puts the text into the plugin folder. @throws ZwireError FILE_UNWRITABLE */
export async function installDissector(text: string): Promise<Placed> {
  return placeDissector(text, join(await pluginDirectory(), FILE_NAME));
}

/** Writes the text beside its place and renames it, so that Wireshark never reads half of it. @throws ZwireError FILE_UNWRITABLE */
export function placeDissector(text: string, path: string): Placed {
  if (contentOf(path) === text) return { path, written: false };
  const beside = `${path}.${process.pid}.new`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(beside, text);
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw new ZwireError('FILE_UNWRITABLE', `cannot write ${path}: ${messageOf(error)}`, {
      fields: { path },
      hint: 'Name a place that this user may write to: zwire dissector --output FILE',
      cause: error,
    });
  }
  return { path, written: true };
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
