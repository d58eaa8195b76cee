// How far two hosts' clocks are apart, from probes and their echoes, the way NTP (RFC 5905, section 8) does it: of all
// exchanges the quickest is the one that waited least, and its middle is the same moment on both clocks. Pure.
//
//   sender     left ------------------------------> echo came        left, echo came: sender's clock
//                   \                           /
//   receiver         came ------------ echo left                     came, echo left: receiver's clock
import type { Echo } from './echo-list.ts';

export interface ClockOffset {
  /** Receiver's clock less sender's, us. */
  readonly offsetUs: number;
  /** The true offset is within this, whatever the two ways took. */
  readonly uncertaintyUs: number;
  readonly exchanges: number;
}

/** Undefined when no echo is known on both sides: one-way, or no probe was answered. */
export function clockOffset(sender: readonly Echo[], receiver: readonly Echo[]): ClockOffset | undefined {
  const answered = new Map(receiver.map((echo) => [echo.probeUs, echo]));
  let best: ClockOffset | undefined;
  let exchanges = 0;
  for (const { probeUs, firstUs: left, secondUs: echoCame } of sender) {
    const other = answered.get(probeUs);
    if (other === undefined) continue;
    const { firstUs: came, secondUs: echoLeft } = other;
    const roundTripUs = echoCame - left - (echoLeft - came);
    // Less than no time at all: a time that was rounded, or a stepped clock.
    if (roundTripUs < 0) continue;
    exchanges++;
    const uncertaintyUs = roundTripUs / 2;
    if (best !== undefined && best.uncertaintyUs <= uncertaintyUs) continue;
    best = { offsetUs: (came - left + (echoLeft - echoCame)) / 2, uncertaintyUs, exchanges };
  }
  return best === undefined ? undefined : { ...best, exchanges };
}
