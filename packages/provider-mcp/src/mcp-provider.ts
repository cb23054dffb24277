import type { Implementation } from '@modelcontextprotocol/client';
import {
  CapstanError,
  type Capability,
  type Invocation,
  type ProviderHost,
  type ProviderPlugin,
  type ProviderResult,
  type SessionRequest,
} from '@capstan/provider';
import { createCallContext, createCallContexts, type CallContext } from './call-context.ts';
import { aborted, describeAttempt, toCallFailure } from './call-failure.ts';
import { callOperation } from './call-operation.ts';
import { openConnection, type Approach, type Connection } from './connection.ts';
import { EraResolver } from './era-resolver.ts';
import type { ErrorScene } from './error-explanation.ts';
import { classifyError } from './error-verdict.ts';
import { parseOperation, parseTarget, type McpTarget } from './mcp-capability.ts';
import { McpSession } from './mcp-session.ts';
import { metadataSchema } from './metadata-schema.ts';
import { keyText, sessionKeyOf } from './session-key.ts';
import { showCommandLine } from './show-command-line.ts';
import { StatelessCalls } from './stateless-calls.ts';
import { UpstreamError } from './upstream-error.ts';

export interface McpProviderOptions {
  /** The only executables that `mcp_command` may name. Default: whatever the manifests name. */
  readonly commands?: readonly string[];
  /** How we introduce ourselves to servers. Default `capstan`. */
  readonly clientInfo?: Implementation;
}

/** The plugin that owns `mcp_*`: tools, prompts and resources of MCP servers, over Streamable HTTP and stdio, in both protocol eras. */
export function mcpProvider(options: McpProviderOptions = {}): (host: ProviderHost) => ProviderPlugin<McpSession> {
  return (host) => createPlugin(host, options);
}

const openingAttempt = 'Opening a session';
const validationLimitMs = 5000;

function createPlugin(host: ProviderHost, options: McpProviderOptions): ProviderPlugin<McpSession> {
  const { commands, clientInfo = { name: 'capstan', version: '0.0.0' } } = options;
  const contexts = createCallContexts();
  const eras = new EraResolver();
  const stateless = new StatelessCalls();

  function targetOf(capability: Capability): McpTarget {
    const target = parseTarget(capability);
    if (target.transport === 'stdio' && commands !== undefined && !commands.includes(target.command))
      throw new CapstanError(
        'MANIFEST_INVALID',
        `${capability.id} (${capability.source.file}:${capability.source.line}): mcp_command ${target.command} is not one of the commands that the host allows.`,
      );
    return target;
  }

  function opener(
    target: McpTarget,
    context: CallContext,
    signal: AbortSignal,
  ): (how: Approach) => Promise<Connection> {
    const timeoutMs = host.limits(context.capability).timeoutMs;
    return (approach) =>
      openConnection(approach, {
        target,
        clientInfo,
        secrets: host.secrets,
        contexts,
        opener: context,
        signal,
        timeoutMs,
      });
  }

  async function initializeSession(request: SessionRequest): Promise<McpSession> {
    const { capability, mode, signal, onLost, onStale } = request;
    const target = targetOf(capability);
    const key = keyText(sessionKeyOf(target));
    const context = createCallContext(request);
    try {
      const open = opener(target, context, signal);
      const connection = await contexts.run(context, () => eras.connect(key, target, signal, open));
      const session = new McpSession({ where: target.where, connection, contexts, mode, onLost, onStale });
      if (mode === 'required') await insistOnSession(session, target);
      return session;
    } catch (error) {
      const onEraDoubt = (): void => eras.forget(key);
      throw toCallFailure(error, { attempt: openingAttempt, scene: sceneOf(target), context, signal, onEraDoubt });
    } finally {
      context.secretValues.clear();
    }
  }

  async function insistOnSession(session: McpSession, target: McpTarget): Promise<void> {
    if (target.transport === 'stdio' || session.hasSessionId) return;
    if (session.era === 'modern') {
      host.logger.log('info', 'mcp.no-protocol-session', { server: target.where });
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

  async function callOn(session: McpSession, invocation: Invocation, target: McpTarget): Promise<ProviderResult> {
    const { capability, signal } = invocation;
    const operation = parseOperation(capability);
    const attempt = describeAttempt(operation);
    if (signal.aborted) throw aborted(attempt, signal, false);
    const scene = sceneOf(target, session);
    if (session.ended)
      throw new UpstreamError(
        'SESSION_LOST',
        `${attempt} failed: the session with ${target.where} has ended.`,
        { kind: 'session-lost', sent: false },
        { details: { server: target.where } },
      );
    const context = createCallContext(invocation);
    const limits = host.limits(capability);
    try {
      return await session.run(context, () =>
        callOperation(session.connection, { operation, invocation, limits, context, contexts }),
      );
    } catch (error) {
      throw toCallFailure(error, {
        attempt,
        scene,
        context,
        signal,
        onEraDoubt: () => {
          eras.forget(keyText(sessionKeyOf(target)));
          session.markStale();
        },
      });
    } finally {
      context.secretValues.clear();
    }
  }

  return {
    prefix: 'mcp',
    metadataSchema,
    sessionKey: (capability) => sessionKeyOf(targetOf(capability)),
    initializeSession,
    executeWithSession: (session, invocation) => callOn(session, invocation, targetOf(invocation.capability)),
    terminateSession: (session) => session.terminate(),
    execute: async (invocation) => {
      const { capability, signal } = invocation;
      const target = targetOf(capability);
      const key = keyText(sessionKeyOf(target));
      const context = createCallContext(invocation);
      const attempt = describeAttempt(parseOperation(capability));
      if (signal.aborted) throw aborted(attempt, signal, false);
      const open = opener(target, context, signal);
      return stateless.execute({
        key,
        known: eras.known(key, target),
        isProcess: target.transport === 'stdio',
        connect: async (approach) => {
          try {
            const connection = await contexts.run(context, () =>
              approach === undefined ? eras.connect(key, target, signal, open) : open(approach),
            );
            return new McpSession({
              where: target.where,
              connection,
              contexts,
              mode: 'auto',
              onLost: ignore,
              onStale: ignore,
            });
          } catch (error) {
            const onEraDoubt = (): void => eras.forget(key);
            throw toCallFailure(error, { attempt, scene: sceneOf(target), context, signal, onEraDoubt });
          } finally {
            context.secretValues.clear();
          }
        },
        call: (session) => callOn(session, invocation, target),
        warn: (event, details) => host.logger.log('warning', event, { server: target.where, ...details }),
      });
    },
    classifyError,
    describeSession: (session) => session.facts,
    validateSession: async (session, signal) => {
      try {
        await session.validate(signal, validationLimitMs);
        return true;
      } catch (error) {
        return classifyError(error).kind === 'caller';
      }
    },
  };
}

function sceneOf(target: McpTarget, session?: McpSession): ErrorScene {
  return {
    transport: target.transport,
    where: target.where,
    hasSessionId: session?.hasSessionId ?? false,
    era: session?.era,
    opening: session === undefined,
    commandLine: target.transport === 'stdio' ? showCommandLine(target.command, target.args) : undefined,
    authEnvVar: target.transport === 'http' ? target.credential?.envVar : undefined,
  };
}

function ignore(): void {
  // A session of one call has nobody to tell.
}
