import type { Logger } from '@capstan/provider';
import type { McpSession } from './mcp-session.ts';
import type { McpTarget } from './mcp-target.ts';
import { UpstreamError } from './upstream-error.ts';

/** For `mcp_requires_session: true`. Ends the session and rejects with `SESSION_UNAVAILABLE` where a legacy server issued none. */
export async function insistOnSession(session: McpSession, target: McpTarget, logger: Logger): Promise<void> {
  if (target.transport !== 'http' || session.hasSessionId) return;
  if (session.era === 'modern') {
    logger.log('info', 'mcp.no-protocol-session', { server: target.where });
    return;
  }
  await session.terminate();
  throw new UpstreamError(
    'SESSION_UNAVAILABLE',
    `${target.where} issues no sessions, and mcp_requires_session: true asks for one. Set it to auto if none is needed.`,
    { kind: 'fatal', sent: false },
    { details: { reason: 'not-issued', server: target.where } },
  );
}
