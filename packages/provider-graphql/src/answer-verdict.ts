import { retryAfterMs } from '@capstan/http-egress';
import type { ErrorCode, ErrorVerdict, JsonObject } from '@capstan/provider';
import type { GraphqlAnswer, GraphqlBody, GraphqlError } from './graphql-transport.ts';

/** What is known of an endpoint where its answer is judged. */
export interface AnswerScene {
  /** For people. */
  readonly where: string;
  readonly expiredCodes: ReadonlySet<string>;
  readonly expiredStatuses: ReadonlySet<number>;
  /** The variables that hold the credential; none: no credential is sent. */
  readonly authVariables: readonly string[];
}

/** Why an answer is none. */
export interface Refusal {
  readonly code: ErrorCode;
  /** What happened, and where it helps, what to do: a clause that follows "… failed: ". */
  readonly what: string;
  readonly verdict: ErrorVerdict;
  readonly details: JsonObject;
}

const throttledCodes: ReadonlySet<string> = new Set(['THROTTLED', 'RATE_LIMITED']);
const variableCodes: ReadonlySet<string> = new Set(['BAD_USER_INPUT']);
/** Codes of servers in the field for what was refused before it ran. */
const requestCodes: ReadonlySet<string> = new Set([
  ...variableCodes,
  'BAD_REQUEST',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
  'PERSISTED_QUERY_NOT_FOUND',
  'PERSISTED_QUERY_NOT_SUPPORTED',
]);

/**
 * What an answer that is no result means, by status, code and shape; the first that fits counts. Undefined: it is a result, with or without
 * errors in it. Servers disagree, so status and body are both read.
 */
export function refusalIn(answer: GraphqlAnswer, scene: AnswerScene): Refusal | undefined {
  const { status, body } = answer;
  const { where, expiredCodes, expiredStatuses } = scene;
  const errors = body?.errors ?? [];
  const has = (codes: ReadonlySet<string>): boolean => errors.some(({ code }) => code !== undefined && codes.has(code));
  const hasData = body?.data !== undefined && body.data !== null;
  // Null for data is also what is left where a field that must not be null failed, after others had run.
  const ran = hasData || (body?.data === null && errors.some(({ path }) => path !== undefined));
  const details = detailsOf(answer, errors);
  const said = `${where} answered with HTTP ${status}${describe(errors)}`;
  if (expiredStatuses.has(status) || has(expiredCodes))
    return {
      code: 'UNAUTHORIZED',
      what: unauthorized(answer, scene),
      verdict: { kind: 'unauthorized', sent: ran },
      details,
    };
  if (status === 429 || has(throttledCodes) || status === 503)
    return {
      code: 'OVERLOADED',
      what: `${where} is overloaded or throttles (HTTP ${status}${codesIn(errors)})`,
      verdict: { kind: 'transient', sent: status === 503 || ran, ...waitAsked(answer) },
      details,
    };
  if (status === 403 && body === undefined)
    return {
      code: 'FORBIDDEN',
      what: `${where} does not allow this (HTTP 403)`,
      verdict: { kind: 'caller', sent: false },
      details,
    };
  if (status >= 500 && !hasData)
    return {
      code: 'UPSTREAM_ERROR',
      what: said,
      verdict: { kind: 'transient', sent: true, ...waitAsked(answer) },
      details,
    };
  if (body === undefined) return foreign(answer, where, details);
  if (errors.length > 0 && !hasData && wasRefused(status, errors, has(requestCodes)))
    return {
      code: has(variableCodes) ? 'INPUT_INVALID' : 'UPSTREAM_ERROR',
      what: said,
      verdict: { kind: 'caller', sent: ran },
      details: { ...details, reason: has(variableCodes) ? 'variables' : 'document_refused' },
    };
  return undefined;
}

function wasRefused(status: number, errors: readonly GraphqlError[], hasRequestCode: boolean): boolean {
  return hasRequestCode || (status >= 400 && status < 500) || errors.every(({ path }) => path === undefined);
}

function foreign({ status, contentType }: GraphqlAnswer, where: string, details: JsonObject): Refusal {
  const isRedirect = status >= 300 && status < 400;
  return {
    code: 'UPSTREAM_ERROR',
    what: isRedirect
      ? `${where} redirects elsewhere (HTTP ${status}), which is not followed. Put the final address in graphql_endpoint`
      : `${where} answered with something else than GraphQL (HTTP ${status}, ${contentType ?? 'no content type'}). Check graphql_endpoint`,
    verdict: { kind: 'fatal', sent: true },
    details: { ...details, reason: isRedirect ? 'redirect' : 'not_graphql' },
  };
}

function unauthorized({ status, body }: GraphqlAnswer, { where, authVariables }: AnswerScene): string {
  const sign = `HTTP ${status}${codesIn(body?.errors ?? [])}`;
  if (authVariables.length === 0)
    return `${where} wants credentials (${sign}) and none are declared. Say graphql_auth, and name the variable that holds them`;
  const names = authVariables.join(' and ');
  return `${where} refused the credentials in ${names} (${sign}). Set ${names} to valid ones`;
}

function waitAsked({ retryAfter }: GraphqlAnswer): { readonly retryAfterMs?: number } {
  const ms = retryAfterMs(retryAfter);
  return ms === undefined ? {} : { retryAfterMs: ms };
}

function detailsOf({ status, contentType }: GraphqlAnswer, errors: NonNullable<GraphqlBody['errors']>): JsonObject {
  return {
    status,
    ...(contentType === undefined ? {} : { contentType }),
    ...(errors.length === 0
      ? {}
      : {
          errors: errors.slice(0, 10).map(({ path, code }) => ({
            ...(path && { path: path.slice(0, longestPath).map(shortened) }),
            ...(code !== undefined && { code: shortened(code) }),
          })),
        }),
  };
}

function codesIn(errors: readonly GraphqlError[]): string {
  const codes = new Set(errors.flatMap(({ code }) => (code === undefined ? [] : shortened(code))));
  return codes.size === 0 ? '' : `, ${[...codes].slice(0, 5).join(', ')}`;
}

const longestMessage = 500;
const longestPath = 20;
const longestName = 100;

function shortened<T extends string | number>(name: T): T | string {
  return typeof name === 'string' ? name.slice(0, longestName) : name;
}

/** The first errors in their own words, which say best what is wrong with a document. */
function describe(errors: readonly GraphqlError[]): string {
  const shown = errors.slice(0, 3).map(({ message }) => message.slice(0, longestMessage).replace(/\.$/, ''));
  return shown.length === 0 ? '' : `${codesIn(errors)}: ${shown.join('; ')}`;
}
