// The bench is TypeScript like the rest; Node 20 runs JavaScript. Compiles it into build/bench and imports a file.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The exports of bench/NAME.ts. Builds zwire as well when dist/ is absent. */
export async function compile(name) {
  const tsc = `${root}/node_modules/typescript/bin/tsc`;
  if (!existsSync(`${root}/dist/cli/main.js`))
    execFileSync(process.execPath, [`${root}/scripts/build.mjs`], { stdio: 'inherit' });
  execFileSync(process.execPath, [tsc, '-p', `${root}/bench/tsconfig.json`, '--noEmit', 'false'], {
    stdio: 'inherit',
  });
  return import(`${root}/build/bench/bench/${name}.js`);
}
