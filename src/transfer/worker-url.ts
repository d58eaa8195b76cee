// Where a worker's code lies: workers are started from the built files, beside this one.

/** The module of a worker of this room, by its name without an ending. */
export function workerUrl(name: string): URL {
  return new URL(`./${name}.js`, import.meta.url);
}
