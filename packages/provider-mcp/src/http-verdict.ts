import type { ErrorExplanation, ErrorScene } from './error-explanation.ts';
import { isRecord } from './is-record.ts';
import type { HttpRefusal } from './wire/wire-errors.ts';

const methodNotFound = -32601;
/** What servers answer for a session that they do not know, besides 404. */
const unknownSession: readonly number[] = [-32000, -32001];

/** What a refusal over HTTP means. */
export function explainRefusal({ status, body }: HttpRefusal, scene: ErrorScene): ErrorExplanation {
  const rpc = parseRpcError(body);
  const { where, hasSessionId, authEnvVar } = scene;
  const common = {
    code: 'UPSTREAM_ERROR' as const,
    what: `${where} answered with HTTP ${status}${rpc === undefined ? '' : `, error ${rpc.code}: ${rpc.message}`}`,
    details: {
      status,
      ...(rpc === undefined ? {} : { rpcCode: rpc.code }),
      // The server looked at the request itself.
      ...(rpc === undefined || rpc.id === null ? {} : { rpcAnswered: true }),
    },
  };
  if (status === 401)
    return {
      code: 'UNAUTHORIZED',
      what:
        authEnvVar === undefined
          ? `${where} wants credentials (HTTP 401) and none are declared. Name the variable that holds them in mcp_auth_env_var`
          : `${where} refused the credentials in ${authEnvVar} (HTTP 401). Set ${authEnvVar} to a valid one`,
      verdict: { kind: 'unauthorized', sent: false },
      details: common.details,
    };
  if (status === 403)
    return {
      code: 'FORBIDDEN',
      what: `${where} does not allow this${authEnvVar === undefined ? '' : ` with the credentials in ${authEnvVar}`} (HTTP 403)`,
      verdict: { kind: 'caller', sent: false },
      details: common.details,
    };
  if (rpc?.code === methodNotFound) return { ...common, verdict: { kind: 'caller', sent: true } };
  const isUnknownSession = status === 400 && rpc?.id === null && unknownSession.includes(rpc.code);
  if (hasSessionId && (status === 404 || isUnknownSession))
    return {
      code: 'SESSION_LOST',
      what: `${where} no longer knows the session (HTTP ${status})`,
      verdict: { kind: 'session-lost', sent: false },
      details: common.details,
    };
  if (status === 404 && scene.era === undefined)
    return {
      ...common,
      what: `${where} was not found (HTTP 404). Check mcp_server_url`,
      verdict: { kind: 'fatal', sent: false },
      eraDoubtful: true,
    };
  if (status === 404 || (isUnknownSession && scene.era === 'modern'))
    return { ...common, verdict: { kind: 'transient', sent: false }, eraDoubtful: true };
  if (status >= 300 && status < 400)
    return {
      ...common,
      what: `${where} redirects elsewhere (HTTP ${status}), which is not followed. Put the final address in mcp_server_url`,
      verdict: { kind: 'fatal', sent: false },
    };
  return { ...common, verdict: { kind: status >= 500 ? 'transient' : 'caller', sent: true } };
}

interface RefusalError {
  readonly code: number;
  readonly message: string;
  readonly id: unknown;
}

/** The JSON-RPC error in the body of a refusal. */
function parseRpcError(text: string): RefusalError | undefined {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return undefined;
  }
  const error = isRecord(body) ? body['error'] : undefined;
  if (!isRecord(body) || !isRecord(error) || typeof error['code'] !== 'number') return undefined;
  return {
    code: error['code'],
    message: typeof error['message'] === 'string' ? error['message'] : '',
    id: body['id'] ?? null,
  };
}
