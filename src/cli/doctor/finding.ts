// One thing that `zwire doctor` looked at.

export interface Finding {
  /** Stable, for scripts: `node`, `kernel`, `cap_net_raw`, ... */
  readonly check: string;
  /** `missing`: it will not work. `excess`: it works with more privilege than it needs. `note`: slower, or unknown. */
  readonly state: 'ok' | 'missing' | 'excess' | 'note';
  readonly text: string;
  /** What to do about it: sentences, or commands to paste. */
  readonly remedy?: string;
}

export const ok = (check: string, text: string): Finding => ({ check, state: 'ok', text });

export function found(
  check: string,
  state: Exclude<Finding['state'], 'ok'>,
  text: string,
  remedy: string,
): Finding {
  return { check, state, text, remedy };
}
