// Figures as people read them: sizes in powers of 1024, rates in powers of 1000, times in clock form.

const SIZE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'] as const;
const RATE_UNITS = ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s', 'Tbit/s'] as const;

/** Three digits at least, and no more decimals than that takes: 1.05, 10.5, 105, 1023. */
function threeDigits(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value.toFixed(value >= 10 ? 1 : 2);
}

function scaled(value: number, base: number, units: readonly string[]): string {
  let scale = 0;
  let rest = value;
  // The rounded figure decides, or 1023.9 KiB would be shown as 1024 KiB.
  while (scale < units.length - 1 && Number(threeDigits(rest)) >= base) {
    rest /= base;
    scale += 1;
  }
  return `${scale === 0 ? Math.round(rest) : threeDigits(rest)} ${units[scale]}`;
}

/** Bytes as `512 B`, `1.00 GiB`. */
export function formatBytes(bytes: number): string {
  return scaled(bytes, 1024, SIZE_UNITS);
}

/** Bits per second as `17.9 Gbit/s`; `-` when there is no figure. */
export function formatRate(bitsPerSecond: number): string {
  return Number.isFinite(bitsPerSecond) ? scaled(bitsPerSecond, 1000, RATE_UNITS) : '-';
}

/** A time still to come as `0:05`, `12:34`, `1:02:03`; over four days it is no longer worth a figure. */
export function formatClock(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0 || seconds >= 100 * 3600) return '-:--';
  const whole = Math.ceil(seconds);
  const pair = (value: number): string => String(value).padStart(2, '0');
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return hours > 0 ? `${hours}:${pair(minutes)}:${pair(rest)}` : `${minutes}:${pair(rest)}`;
}

/** A time that was taken, as `0.52 s`, `12.3 s`, `2:05`. */
export function formatSeconds(seconds: number): string {
  return seconds < 60 ? `${threeDigits(seconds)} s` : formatClock(seconds);
}

/** A count with its noun, in groups of three: `12 345 frames`, `1 frame`. */
export function formatCount(count: number, noun: string): string {
  const digits = String(Math.round(count)).replace(/\B(?=(?:\d{3})+$)/g, ' ');
  return `${digits} ${noun}${count === 1 ? '' : 's'}`;
}
