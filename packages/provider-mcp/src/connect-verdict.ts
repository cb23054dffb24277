import type { ErrorExplanation, ErrorScene } from './error-explanation.ts';

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
export function explainConnectError(error: unknown, scene: ErrorScene, sent = true): ErrorExplanation {
  const { where, transport } = scene;
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
    verdict: { kind: 'transient', sent },
    ...(code === undefined ? {} : { details: { systemCode: code } }),
  };
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
