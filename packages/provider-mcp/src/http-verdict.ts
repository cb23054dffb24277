import { SdkHttpError } from '@modelcontextprotocol/client';
import type { ErrorExplanation, ErrorScene } from './error-explanation.ts';
import { isRecord } from './is-record.ts';

const methodNotFound = -32601;
/** What servers answer for a session that they do not know, besides 404. */
const unknownSession: readonly number[] = [-32000, -32001];

/** What a refusal over HTTP means. */
export function explainHttpStatus(error: SdkHttpError, scene: ErrorScene): ErrorExplanation {
  const { status } = error;
  const rpc = parseRpcError(error.data);
  const { where, hasSessionId, authEnvVar } = scene;
  const common = {
    code: 'UPSTREAM_ERROR' as const,
    what: `${where} answered with HTTP ${status}${rpc === undefined ? '' : `, error ${rpc.code}: ${rpc.message}`}`,
    details: { status, ...(rpc === undefined ? {} : { rpcCode: rpc.code }) },
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

const connectFailures: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'the host name is unknown',
  EAI_AGAIN: 'the host name could not be looked up',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  EADDRNOTAVAIL: 'the address cannot be reached',
  UND_ERR_CONNECT_TIMEOUT: 'connecting took too long',
};

/** What an error below MCP means: of the socket, of the name service, of starting a process. */
export function explainConnectError(error: unknown, scene: ErrorScene): ErrorExplanation {
  const { where, transport } = scene;
  if (transport === 'http' && isForeignAnswer(error)) return explainForeignAnswer(scene);
  const code = systemCode(error);
  if (transport === 'stdio' && (code === 'ENOENT' || code === 'EACCES' || code === 'ENOTDIR'))
    return {
      code: 'UPSTREAM_ERROR',
      what: `the command ${where} ${code === 'EACCES' ? 'may not be executed' : 'was not found'}. Check mcp_command${/\s/.test(where) ? ': its arguments belong in mcp_args' : ''}`,
      verdict: { kind: 'fatal', sent: false },
      details: { systemCode: code },
    };
  const refusal = code === undefined ? undefined : connectFailures[code];
  if (refusal !== undefined && code !== undefined)
    return {
      code: 'UPSTREAM_ERROR',
      what: `could not connect to ${where}: ${refusal}`,
      verdict: { kind: 'transient', sent: false },
      details: { systemCode: code },
    };
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG')
    return {
      code: 'UPSTREAM_ERROR',
      what: `could not connect to ${where}: it does not speak TLS (${code}). Write http:// instead of https:// in mcp_server_url if it is meant to be plain`,
      verdict: { kind: 'fatal', sent: false },
      details: { systemCode: code },
    };
  if (code?.startsWith('ERR_SSL_') === true)
    return {
      code: 'UPSTREAM_ERROR',
      what: `could not connect to ${where}: no agreement on TLS (${code})`,
      verdict: { kind: 'fatal', sent: false },
      details: { systemCode: code },
    };
  if (code !== undefined && /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_)/.test(code))
    return {
      code: 'UPSTREAM_ERROR',
      what: `could not connect to ${where}: its certificate is not trusted (${code})`,
      verdict: { kind: 'fatal', sent: false },
      details: { systemCode: code },
    };
  return {
    code: 'UPSTREAM_ERROR',
    what: `the connection to ${where} broke${code === undefined ? '' : ` (${code})`}`,
    verdict: { kind: 'transient', sent: true },
    ...(code === undefined ? {} : { details: { systemCode: code } }),
  };
}

/** An answer came, of HTTP 200, but not of this protocol. */
export function explainForeignAnswer({ where }: ErrorScene): ErrorExplanation {
  return {
    code: 'UPSTREAM_ERROR',
    what: `${where} answered with something else than MCP. Check mcp_server_url`,
    verdict: { kind: 'caller', sent: true },
  };
}

/** No JSON, or no JSON-RPC: the SDK throws its parser's and its validator's errors as they are. */
function isForeignAnswer(error: unknown): boolean {
  return error instanceof SyntaxError || (error instanceof Error && error.name === 'ZodError');
}

/** The code of the innermost cause that has one: `fetch` wraps the socket's error once or twice. */
function systemCode(error: unknown): string | undefined {
  let found: string | undefined;
  let current = error;
  for (let depth = 0; depth < 8 && current instanceof Error; depth += 1) {
    if ('code' in current && typeof current.code === 'string') found = current.code;
    current = current.cause;
  }
  return found;
}

interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly id: unknown;
}

/** The JSON-RPC error in the body of a refusal, which the SDK leaves as text. */
function parseRpcError(data: unknown): RpcError | undefined {
  const text = isRecord(data) ? data['text'] : undefined;
  if (typeof text !== 'string') return undefined;
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
    message: typeof error['message'] === 'string' ? error['message'].slice(0, 500) : '',
    id: body['id'],
  };
}
