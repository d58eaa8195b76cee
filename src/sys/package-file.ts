// Where the files lie that the package ships beside its code: the workers' modules, the dissector's parts in Lua,
// package.json. Found by the package's own name, so it does not matter which file this code was bundled into.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/** The URL of a file of the package by its path from package.json, such as `lua/protocol.lua`. Nothing is read. */
export function packageFile(path: string): URL {
  const manifest = createRequire(import.meta.url).resolve('zwire/package.json');
  return new URL(path, pathToFileURL(manifest));
}
