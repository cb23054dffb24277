import type { CallContext } from '../call-context.ts';

export interface OutgoingRequest {
  readonly method: string;
  readonly url: URL;
}

export interface HttpRefusalFacts {
  readonly status: number;
  /** `WWW-Authenticate`. */
  readonly challenge: string | undefined;
  /** `DPoP-Nonce`: what the next proof has to contain (RFC 9449 §9). */
  readonly dpopNonce: string | undefined;
  /** How often this request was refused before. */
  readonly refusals: number;
}

/** Proves to a server who calls. */
export interface HttpAuth {
  /** For one request, asked anew each time. */
  headers(context: CallContext, request: OutgoingRequest): Promise<Readonly<Record<string, string>>>;
  /** After a 401 or 403: whether the same request may be sent again with what is known now. */
  refused?(context: CallContext, refusal: HttpRefusalFacts): Promise<boolean>;
}
