// Colour, only where a terminal takes it and nobody asked for none (NO_COLOR, https://no-color.org).
import type { CliContext, OutputStream } from '../context.ts';

export type Colour = 'red' | 'yellow';

const CODES: Readonly<Record<Colour, string>> = { red: '31', yellow: '33' };

/** Whether the stream is a terminal with at least 16 colours; Node's own reading of NO_COLOR and TERM. */
export function hasColour(stream: OutputStream, environment: CliContext['process']['env']): boolean {
  if (stream.isTTY !== true || (environment['NO_COLOR'] ?? '') !== '') return false;
  return (stream.getColorDepth?.(environment) ?? 1) >= 4;
}

export function painted(text: string, colour: Colour, enabled: boolean): string {
  return enabled ? `\x1b[1;${CODES[colour]}m${text}\x1b[0m` : text;
}
