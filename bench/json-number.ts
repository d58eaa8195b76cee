/** The number at `path` in parsed JSON; throws when there is none. */
export function numberAt(json: unknown, ...path: readonly string[]): number {
  let value: unknown = json;
  for (const key of path)
    value = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  if (typeof value !== 'number') throw new Error(`no number at ${path.join('.')} in ${JSON.stringify(json)}`);
  return value;
}
