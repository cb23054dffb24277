export type { AddressLookup } from './address-guard.ts';
export { createEgress } from './create-egress.ts';
export type {
  Cancellation,
  CancellationListener,
  Egress,
  EgressOptions,
  EgressRequest,
  EgressStream,
  HandshakeFailure,
  UrlTrust,
  WebSocketRules,
} from './egress.ts';
export { EgressError, type EgressErrorOptions, type EgressReason } from './egress-error.ts';
export type { ExpiryUnit } from './login/announced-expiry.ts';
export { checkLoginDefinition } from './login/check-login-definition.ts';
export type { LoginFields } from './login/login-calls.ts';
export type {
  ExpirySigns,
  FollowUpRequest,
  LoginCsrf,
  LoginDefinition,
  LoginRequest,
  LoginToken,
} from './login/login-definition.ts';
export {
  type LoginSession,
  openLoginSession,
  type OpenLoginSessionOptions,
  type RenewLoginOptions,
} from './login/login-session.ts';
export type { LoginExpiry, PresentedLogin } from './login/presented-login.ts';
export { ClientCredentials, type ClientCredentialsOptions } from './oauth/client-credentials.ts';
export type { ClientCredentialsDefinition } from './oauth/client-credentials-definition.ts';
export type { OAuthClient } from './oauth/token-request.ts';
export { RateBuckets, type RateBucketKey, type RateWaitOptions } from './rate/rate-buckets.ts';
export { isConnectionHeader } from './request-headers.ts';
export { retryAfterMs } from './retry-after.ts';
export { isStatusPattern, matchesStatus, type StatusPattern } from './status-pattern.ts';
