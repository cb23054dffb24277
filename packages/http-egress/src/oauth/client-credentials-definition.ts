/** A token endpoint and what to ask of it, as a manifest declares it. Holds no secret. */
export interface ClientCredentialsDefinition {
  readonly tokenUrl: URL;
  readonly scope?: string;
  readonly audience?: string;
  /** How the client proves who it is. `basic` form-encodes id and secret, as RFC 6749 demands; `post` is for servers that do not decode. Default `basic`. */
  readonly clientAuth?: 'basic' | 'post';
  /** Allows plain http beyond loopback. Default false. */
  readonly allowInsecure?: boolean;
}
