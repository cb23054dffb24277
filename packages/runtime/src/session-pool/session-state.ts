/** Names a provider session within its runtime; not the upstream's own id. */
export type ProviderSessionId = string;

/** `lost`: found dead; `retiring`: takes no new calls and ends after its last one. */
export type SessionState =
  | 'creating'
  | 'ready'
  | 'busy'
  | 'validating'
  | 'lost'
  | 'retiring'
  | 'terminating'
  | 'closed';
