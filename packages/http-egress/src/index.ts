export type { AddressLookup } from './address-guard.ts';
export { createEgress } from './create-egress.ts';
export type {
  Cancellation,
  CancellationListener,
  Egress,
  EgressOptions,
  EgressRequest,
  EgressStream,
  UrlTrust,
} from './egress.ts';
export { EgressError, type EgressErrorOptions, type EgressReason } from './egress-error.ts';
export { retryAfterMs } from './retry-after.ts';
