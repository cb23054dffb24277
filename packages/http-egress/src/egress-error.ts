import { CapstanError, type ErrorCode } from '@capstan/provider';

/**
 * `egress`: the address guard refused. `redirect`: a redirect that is not followed. `too_large`: the body is over its cap.
 * `network`: no connection, or a broken one. `invalid`: the request itself is not allowed; nothing was opened.
 */
export type EgressReason = 'egress' | 'redirect' | 'too_large' | 'network' | 'invalid';

export interface EgressErrorOptions {
  /** Whether bytes of the request may have reached the upstream, and the upstream may have acted on them. */
  readonly sent: boolean;
  /** Default: true for `network` only. */
  readonly retryable?: boolean;
  /** Default: the code of the reason. */
  readonly code?: ErrorCode;
  readonly retryAfterMs?: number;
  /** Where a refused redirect leads. */
  readonly target?: URL;
  readonly cause?: unknown;
}

const codes: Readonly<Record<EgressReason, ErrorCode>> = {
  egress: 'FORBIDDEN',
  redirect: 'UPSTREAM_ERROR',
  too_large: 'UPSTREAM_ERROR',
  network: 'UPSTREAM_ERROR',
  invalid: 'INPUT_INVALID',
};

/** What `http-egress` throws, but for an aborted signal, whose reason is thrown as it is. `details`: reason, sent and, where there is one, systemCode. */
export class EgressError extends CapstanError {
  readonly reason: EgressReason;
  readonly sent: boolean;
  /** Where a refused redirect leads, as `shownUrl` shows it. */
  declare readonly target?: string;

  constructor(reason: EgressReason, message: string, options: EgressErrorOptions) {
    const { sent, code = codes[reason], retryable = reason === 'network', retryAfterMs, target, cause } = options;
    const systemCode = systemCodeOf(cause);
    super(code, message, {
      retryable,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      details: { reason, sent, ...(systemCode === undefined ? {} : { systemCode }) },
      ...('cause' in options ? { cause } : {}),
    });
    this.reason = reason;
    this.sent = sent;
    if (target !== undefined) this.target = shownUrl(target);
  }
}

/** The code that Node or undici gave an error: `ECONNREFUSED`, `UND_ERR_SOCKET`. */
export const systemCodeOf = (error: unknown): string | undefined => {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
};

/** A URL as messages may show it: without user info, query and fragment. */
export const shownUrl = (url: URL): string => `${url.protocol}//${url.host}${url.pathname}`;
