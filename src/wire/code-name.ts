// Codes are numbers on the wire and stable names everywhere else.

/** The name of `number` in a table of codes, or `otherwise` for a number that this version does not know. */
export function codeName<T extends Readonly<Record<string, number>>>(
  table: T,
  number: number,
  otherwise: keyof T & string,
): keyof T & string {
  for (const name in table) if (table[name] === number) return name;
  return otherwise;
}
