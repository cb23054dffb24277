import type { ErrorScene } from './error-explanation.ts';
import type { McpSession } from './mcp-session.ts';
import type { McpTarget } from './mcp-target.ts';
import { showCommandLine } from './show-command-line.ts';

/** What is known of a server where an error of it is seen. Without a session: while one is opened. */
export function sceneOf(target: McpTarget, session?: McpSession): ErrorScene {
  return {
    transport: target.transport === 'stdio' ? 'stdio' : 'http',
    where: target.where,
    hasSessionId: session?.hasSessionId ?? false,
    era: session?.era,
    opening: session === undefined,
    commandLine: target.transport === 'stdio' ? showCommandLine(target.command, target.args) : undefined,
    authEnvVar: target.transport !== 'stdio' && target.auth?.kind === 'static' ? target.auth.envVar : undefined,
  };
}
