import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { packageFile } from './package-file.ts';

test('a file of the package is found by its path from package.json', () => {
  expect(readFileSync(packageFile('package.json'), 'utf8')).toContain('"name": "zwire"');
  expect(packageFile('lua/v0.lua').href).toBe(new URL('../../lua/v0.lua', import.meta.url).href);
});
