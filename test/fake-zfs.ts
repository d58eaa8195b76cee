// A real executable called `zfs` in a directory of its own, first on PATH: it answers exactly the command lines
// that a test expects, with the words of a real OpenZFS, and writes down every call. An unexpected call fails.
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Answer {
  readonly stdout?: string;
  readonly stderr?: string;
  readonly exitCode?: number;
  /** Shell lines to run instead of printing: for `send` and `receive`, which have a pipe. */
  readonly script?: string;
}

/** Writes an executable shell script. `body` runs under sh with the arguments in "$@". */
export function writeProgram(directory: string, name: string, body: string): string {
  const path = join(directory, name);
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}

export class FakeZfs implements Disposable {
  readonly directory: string = mkdtempSync(join(tmpdir(), 'zwire-fake-zfs-'));
  readonly #path = process.env['PATH'];

  constructor() {
    // The key of a command line is the SHA-1 of its NUL-ended arguments: any name can stand in it.
    const body = [
      `dir='${this.directory}'`,
      `printf '%s\\t' "$@" >>"$dir/calls"; printf '\\n' >>"$dir/calls"`,
      `key=$(printf '%s\\0' "$@" | sha1sum | cut -c1-40)`,
      `if [ -f "$dir/$key" ]; then . "$dir/$key"; fi`,
      `echo "unexpected call: zfs $*" >&2`,
      'exit 99',
    ].join('\n');
    writeProgram(this.directory, 'zfs', body);
    process.env['PATH'] = `${this.directory}:${this.#path ?? ''}`;
  }

  /** What `zfs ARGS` does from now on. */
  on(args: readonly string[], answer: Answer): this {
    const key = keyOf(args);
    writeFileSync(join(this.directory, `${key}.out`), answer.stdout ?? '');
    writeFileSync(join(this.directory, `${key}.err`), answer.stderr ?? '');
    const print = `cat "$dir/${key}.out"; cat "$dir/${key}.err" >&2; exit ${answer.exitCode ?? 0}`;
    writeFileSync(join(this.directory, key), `${answer.script ?? print}\n`);
    return this;
  }

  /** Answers by a whole shell script instead. */
  script(body: string): this {
    writeProgram(this.directory, 'zfs', body);
    return this;
  }

  /** A dataset as getDataset asks for it; without a row it does not exist. */
  dataset(
    name: string,
    row?: { readonly type?: string; readonly guid?: bigint; readonly token?: string },
  ): this {
    const columns = 'name,type,guid,createtxg,receive_resume_token';
    const args = ['list', '-Hp', '-d', '0', '-t', 'filesystem,volume', '-o', columns, name];
    return this.on(args, row === undefined ? missing(name) : { stdout: datasetRow(name, row) });
  }

  /** A dataset with all below it, as listDatasets asks for them. */
  tree(
    top: string,
    rows: Readonly<Record<string, { readonly type?: string; readonly token?: string }>>,
  ): this {
    const columns = 'name,type,guid,createtxg,receive_resume_token';
    const stdout = Object.entries(rows).map(([name, row]) => datasetRow(name, row));
    const listing = ['list', '-Hp', '-r', '-t', 'filesystem,volume', '-o'];
    this.on([...listing, 'name,origin', top], {
      stdout: Object.keys(rows)
        .map((name) => `${name}\t-\n`)
        .join(''),
    });
    return this.on([...listing, columns, top], { stdout: stdout.join('') });
  }

  /** The snapshots of one dataset: guid and createtxg by the part after the '@'. */
  snapshots(dataset: string, rows: Readonly<Record<string, readonly [guid: bigint, txg: number]>>): this {
    const lines = Object.entries(rows).map(([snap, [guid, txg]]) => `${dataset}@${snap}\t${guid}\t${txg}\n`);
    const columns = ['-t', 'snapshot', '-o', 'name,guid,createtxg'];
    for (const [place, snap] of Object.keys(rows).entries()) {
      this.on(['list', '-Hp', ...columns, `${dataset}@${snap}`], { stdout: lines[place] ?? '' });
    }
    return this.on(['list', '-Hp', '-d', '1', ...columns, dataset], { stdout: lines.join('') });
  }

  /** All snapshots at and below a dataset, as listSnapshots asks for them: guid by name. */
  snapshotTree(top: string, rows: Readonly<Record<string, bigint>>): this {
    const stdout = Object.entries(rows).map(([name, guid]) => `${name}\t${guid}\t5\n`);
    const args = ['list', '-Hp', '-r', '-t', 'snapshot', '-o', 'name,guid,createtxg', top];
    return this.on(args, { stdout: stdout.join('') });
  }

  /** A snapshot that does not exist. */
  noSnapshot(name: string): this {
    return this.on(['list', '-Hp', '-t', 'snapshot', '-o', 'name,guid,createtxg', name], missing(name));
  }

  /** Every call so far, its arguments joined by spaces. */
  calls(): string[] {
    const path = join(this.directory, 'calls');
    if (!existsSync(path)) return [];
    const lines = readFileSync(path, 'utf8').split('\n');
    return lines.filter((line) => line !== '').map((line) => line.trim().replaceAll('\t', ' '));
  }

  [Symbol.dispose](): void {
    process.env['PATH'] = this.#path;
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** What a look-up of something that does not exist answers. */
export function missing(name: string): Answer {
  return { stderr: `cannot open '${name}': dataset does not exist\n`, exitCode: 1 };
}

function datasetRow(
  name: string,
  row: { readonly type?: string; readonly guid?: bigint; readonly token?: string },
): string {
  return `${name}\t${row.type ?? 'filesystem'}\t${row.guid ?? 77n}\t12\t${row.token ?? '-'}\n`;
}

function keyOf(args: readonly string[]): string {
  return createHash('sha1')
    .update(args.map((arg) => `${arg}\0`).join(''))
    .digest('hex');
}
