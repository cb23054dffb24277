/** `s`, `ms`: a lifetime, or an instant since the epoch where it is too large for one. `iso`: an instant as text. `auto`: an instant as text, else as `s`. */
export type ExpiryUnit = 'auto' | 's' | 'ms' | 'iso';

/** A lifetime of 31 years, or an instant in 2001. */
const smallestInstantSeconds = 1e9;
const smallestInstantMs = 1e11;

/**
 * When the thing ends that an upstream said `value` of: milliseconds since the epoch. Undefined where that cannot be read or is not ahead of `now`,
 * so that a wrong clock does not make us renew without end.
 */
export const announcedExpiry = (value: unknown, unit: ExpiryUnit, now: number): number | undefined => {
  const expiresAt = instantOf(value, unit, now);
  return expiresAt !== undefined && Number.isFinite(expiresAt) && expiresAt > now ? expiresAt : undefined;
};

const instantOf = (value: unknown, unit: ExpiryUnit, now: number): number | undefined => {
  const number = typeof value === 'string' && /^\d+(?:\.\d+)?$/.test(value) ? Number(value) : value;
  if (typeof number === 'number' && unit !== 'iso') {
    if (number >= smallestInstantMs) return number;
    if (unit === 'ms') return now + number;
    return number >= smallestInstantSeconds ? number * 1_000 : now + number * 1_000;
  }
  return typeof value === 'string' && (unit === 'auto' || unit === 'iso') ? Date.parse(value) : undefined;
};
