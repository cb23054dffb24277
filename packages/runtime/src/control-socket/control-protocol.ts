import { CapstanError, type ErrorCode, errorCodes, type JsonObject } from '@capstan/provider';
import type { LedgerEntry } from '../session-pool/session-ledger.ts';

// One JSON document a line. Each request is answered by one response, in order.

export const mostRequestBytes = 65_536;
export const mostResponseBytes = 16_777_216;

export type ControlRequest =
  | { readonly ask: 'info' | 'sessions' | 'metrics' }
  | { readonly ask: 'terminate'; readonly session: string };

/** What each request is answered with. */
export interface ControlAnswers {
  readonly info: ControlInfo;
  readonly sessions: readonly LedgerEntry[];
  /** Prometheus text. */
  readonly metrics: string;
  /** The session as it is afterwards; null: no session of this id exists or ended lately. */
  readonly terminate: LedgerEntry | null;
}

export interface ControlInfo {
  readonly pid: number;
  /** Of the process; milliseconds since the epoch. */
  readonly startedAt: number;
  readonly versions: { readonly capstan: string; readonly node: string };
  /** Manifest files, and manifests given as objects, that are served from. */
  readonly manifests: number;
  readonly capabilities: number;
}

/** Throws `INPUT_INVALID`. What was sent is not repeated: it may be anything. */
export function parseRequest(line: string): ControlRequest {
  const document = parseObject(line);
  const { ask, session } = document ?? {};
  if (ask === 'info' || ask === 'sessions' || ask === 'metrics') return { ask };
  if (ask === 'terminate' && typeof session === 'string') return { ask, session };
  throw new CapstanError(
    'INPUT_INVALID',
    'This is no request. Send one JSON document a line: {"ask":"info"}, {"ask":"sessions"}, {"ask":"metrics"} or {"ask":"terminate","session":"<id>"}.',
  );
}

export function answerLine(answer: ControlAnswers[keyof ControlAnswers]): string {
  return `${JSON.stringify({ ok: true, answer })}\n`;
}

/** Only errors made for this socket are told as they are: others may hold anything. */
export function errorLine(error: unknown): string {
  const told = CapstanError.isInstance(error)
    ? error
    : new CapstanError('UPSTREAM_ERROR', 'The process failed to answer.', { retryable: false });
  return `${JSON.stringify({ ok: false, error: told.toJSON() })}\n`;
}

/** The answer in a response. Throws the error that it tells instead, or `OUTPUT_INVALID`. */
export function parseResponse(line: string, details: JsonObject): unknown {
  const response = parseObject(line);
  if (response?.['ok'] === true) return response['answer'];
  const { error } = response ?? {};
  if (typeof error !== 'object' || error === null) {
    throw new CapstanError('OUTPUT_INVALID', 'The process answered with something else than a response.', { details });
  }
  const { code, message, retryable } = error as { readonly [key: string]: unknown };
  throw new CapstanError(isErrorCode(code) ? code : 'UPSTREAM_ERROR', String(message), {
    retryable: retryable === true,
    details,
  });
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(errorCodes, code);
}

function parseObject(line: string): Readonly<Record<string, unknown>> | undefined {
  let document: unknown;
  try {
    document = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof document !== 'object' || document === null) return undefined;
  return document as Readonly<Record<string, unknown>>;
}
