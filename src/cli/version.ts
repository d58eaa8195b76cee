// The version of the package, read from its package.json.
import { readFileSync } from 'node:fs';
import { packageFile } from '../sys/package-file.ts';

/** Such as `0.1.0`. */
export function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(packageFile('package.json'), 'utf8'));
  const version =
    typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : '';
  return String(version);
}
