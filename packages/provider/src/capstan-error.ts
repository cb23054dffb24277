import { type ErrorCode, errorCodes } from './error-codes.ts';
import type { JsonObject } from './json.ts';

// Two copies of this package in one process must agree on what a CapstanError is.
const brand: unique symbol = Symbol.for('capstan.error');

export interface CapstanErrorOptions {
  /** Default: what the code's row in `errorCodes` says. */
  readonly retryable?: boolean;
  readonly retryAfterMs?: number;
  /** Facts for machines. Never a secret. */
  readonly details?: JsonObject;
  readonly cause?: unknown;
}

/** The one error of Capstan: decide by `code`, show `message`. */
export class CapstanError extends Error {
  override readonly name = 'CapstanError';
  readonly code: ErrorCode;
  readonly retryable: boolean;
  declare readonly retryAfterMs?: number;
  readonly details: JsonObject;
  readonly [brand] = true;

  /** `message`: what happened and what to do, in a sentence or two. */
  constructor(code: ErrorCode, message: string, options: CapstanErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.retryable = options.retryable ?? errorCodes[code].retryable;
    if (options.retryAfterMs !== undefined) this.retryAfterMs = options.retryAfterMs;
    this.details = options.details ?? {};
  }

  /** Also true for errors of another copy of this package. */
  static isInstance(value: unknown): value is CapstanError {
    return typeof value === 'object' && value !== null && brand in value;
  }

  /** For machines: without stack and cause. */
  toJSON(): JsonObject {
    return {
      code: this.code,
      message: this.message,
      retryable: this.retryable,
      ...(this.retryAfterMs === undefined ? {} : { retryAfterMs: this.retryAfterMs }),
      details: this.details,
    };
  }
}
