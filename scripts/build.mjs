// Builds dist/ with plain tsc. Runs as npm's "prepare", so a clean checkout is usable after `npm ci`,
// and does nothing when TypeScript is absent (a production install ships dist/ already).
import { execFileSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const tsc = `${root}/node_modules/typescript/bin/tsc`;
if (!existsSync(tsc)) {
  if (existsSync(`${root}/dist/cli/main.js`)) process.exit(0);
  console.error('typescript is not installed: run `npm ci` first');
  process.exit(1);
}
rmSync(`${root}/dist`, { recursive: true, force: true });
execFileSync(process.execPath, [tsc, '-p', `${root}/tsconfig.json`], { stdio: 'inherit', cwd: root });
