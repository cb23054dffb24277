const maxAheadMs = 60_000;
const aheadOfLifetime = 0.25;

/**
 * When to get a new one of what ends at `expiresAt`: 60 s or a quarter of its lifetime earlier, whichever is less, since a fixed time would renew
 * short lives without end. Milliseconds since the epoch, all.
 */
export const renewalTime = (expiresAt: number, issuedAt: number): number =>
  expiresAt - Math.min(maxAheadMs, (expiresAt - issuedAt) * aheadOfLifetime);
