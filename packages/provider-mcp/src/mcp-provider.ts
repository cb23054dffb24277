import { createEgress } from '@capstan/http-egress';
import {
  CapstanError,
  type Capability,
  type Completes,
  type Invocation,
  type ProviderHost,
  type ProviderPlugin,
  type ProviderResult,
  type RunsTasks,
  type SessionRequest,
} from '@capstan/provider';
import { createCallContext, type CallContext } from './call-context.ts';
import { aborted, describeAttempt, toCallFailure } from './call-failure.ts';
import { callOperation } from './call-operation.ts';
import { openConnection, type Approach, type Connection } from './connection.ts';
import { pluginDiscovery, type SessionView } from './discover/plugin-discovery.ts';
import { EraResolver } from './era-resolver.ts';
import { sceneOf } from './error-scene.ts';
import { classifyError } from './error-verdict.ts';
import type { Implementation } from './handshake.ts';
import { insistOnSession } from './insist-on-session.ts';
import type { McpOperation } from './mcp-operation.ts';
import { McpSession } from './mcp-session.ts';
import type { McpTarget } from './mcp-target.ts';
import { metadataSchema } from './metadata-schema.ts';
import { lazyOAuth } from './lazy-oauth.ts';
import type { OAuthOptions } from './oauth/oauth-authorizer.ts';
import { OutputValidator } from './output-validator.ts';
import { parsedCapabilities } from './parsed-capabilities.ts';
import { ResponseCache, type CachedReads } from './response-cache.ts';
import { keyText } from './session-key.ts';
import { StatelessCalls } from './stateless-calls.ts';
import { staticAuth } from './static-auth.ts';
import { UpstreamError } from './upstream-error.ts';
import { upstreamOperations, type Work } from './upstream-operations.ts';
import type { HttpAuth } from './wire/http-auth.ts';

export interface McpProviderOptions extends OAuthOptions {
  /** The only executables that `mcp_command` may name. Default: whatever the manifests name. */
  readonly commands?: readonly string[];
  /** How we introduce ourselves to servers. Default `capstan`. */
  readonly clientInfo?: Implementation;
}

/** The plugin that owns `mcp_*`: tools, prompts and resources of MCP servers, over Streamable HTTP, HTTP+SSE and stdio, in both protocol eras. */
export function mcpProvider(options: McpProviderOptions = {}): (host: ProviderHost) => McpPlugin {
  return (host) => createPlugin(host, options);
}

type McpPlugin = ProviderPlugin<McpSession> & Completes<McpSession> & RunsTasks<McpSession>;

const openingAttempt = 'Opening a session';
const validationLimitMs = 5000;

function createPlugin(host: ProviderHost, options: McpProviderOptions): McpPlugin {
  const { commands, clientInfo = { name: 'capstan', version: '0.0.0' } } = options;
  const egress = createEgress({ policy: host.egress });
  const { secrets, logger, signal } = host;
  const oauth = lazyOAuth({ ...options, secrets, logger, egress, signal, clientName: clientInfo.name });
  const eras = new EraResolver();
  const stateless = new StatelessCalls();
  const outputs = new OutputValidator(logger);
  const answers = new ResponseCache();
  const { targetOf, operationOf, keyOf } = parsedCapabilities(commands);

  function authOf(target: McpTarget): HttpAuth | undefined {
    if (target.transport === 'stdio' || target.auth === undefined) return undefined;
    if (target.auth.kind === 'static') return staticAuth(target.auth, host.secrets);
    return oauth.httpAuth(target, target.auth);
  }

  /** Opens a session, after finding out how the server is spoken to, or as `approach` says. */
  async function openSession(
    target: McpTarget,
    context: CallContext,
    signal: AbortSignal,
    request: Pick<SessionRequest, 'mode' | 'onLost' | 'onStale'>,
    approach?: Approach,
  ): Promise<McpSession> {
    const key = keyOf(context.capability, context.caller);
    const upstream = keyText(key);
    const { timeoutMs } = host.limits(context.capability);
    return McpSession.open(
      {
        ...request,
        where: target.where,
        subscribe: target.subscribe,
        logger,
        onChanged: (what, name) => {
          if (what !== 'prompt') answers.forget(upstream, name);
          host.upstreamChanged({
            provider: 'mcp',
            upstream: key.upstream,
            what,
            ...(name === undefined ? {} : { name }),
          });
        },
        onGap: () => answers.forget(upstream),
      },
      (handlers) => {
        const open = (how: Approach): Promise<Connection> =>
          openConnection(how, {
            target,
            clientInfo,
            egress,
            secrets: host.secrets,
            auth: authOf(target),
            handlers,
            opener: context,
            signal,
            timeoutMs,
          });
        return approach === undefined ? eras.connect(upstream, context.caller, target, signal, open) : open(approach);
      },
    );
  }

  async function initializeSession(request: SessionRequest): Promise<McpSession> {
    const { capability, caller, mode, signal } = request;
    const target = targetOf(capability);
    const context = createCallContext(request);
    try {
      const session = await openSession(target, context, signal, request);
      if (mode === 'required') await insistOnSession(session, target, logger);
      return session;
    } catch (error) {
      const onEraDoubt = (): void => eras.forget(keyText(keyOf(capability, caller)));
      throw toCallFailure(error, { attempt: openingAttempt, scene: sceneOf(target), context, signal, onEraDoubt });
    } finally {
      context.secretValues.clear();
    }
  }

  async function callOn(session: McpSession, invocation: Invocation): Promise<ProviderResult> {
    const { capability, signal } = invocation;
    const target = targetOf(capability);
    const operation = operationOf(capability);
    assertUsable(session, target, signal, operation);
    const context = createCallContext(invocation);
    const limits = host.limits(capability);
    const cache = operation.kind.startsWith('resource') ? answersFor(invocation, target) : undefined;
    let sent = false;
    try {
      if (operation.kind === 'tool' ? operation.pin !== undefined : target.subscribe)
        await session.prepare(operation, capability, signal);
      const markSent = (): void => void (sent = true);
      const isPinned = operation.kind === 'tool' && operation.pin !== undefined;
      // Again before it is sent: what the server offers can change while a call waits for its turn, or for an answer to a question.
      const onSend = isPinned ? () => session.prepare(operation, capability, signal).then(markSent) : markSent;
      const result = await session.run(context, signal, () =>
        callOperation(session, { operation, invocation, limits, context, cache, onSend }),
      );
      if (capability.output !== undefined) await checkOutput(capability, result);
      return result;
    } catch (error) {
      throw failureOf(error, session, invocation, context, describeAttempt(operation), sent);
    } finally {
      context.secretValues.clear();
    }
  }

  async function checkOutput(capability: Capability, result: ProviderResult): Promise<void> {
    const operation = operationOf(capability);
    if (operation.kind !== 'tool' || operation.outputValidation === 'off') return;
    if (result.task === undefined && result.inputRequired === undefined)
      await outputs.check(capability, result, operation.outputValidation);
  }

  function answersFor({ capability, caller }: Work, target: McpTarget): CachedReads {
    const upstream = keyText(keyOf(capability, caller));
    return answers.at({ upstream, caller }, () =>
      logger.log('debug', 'mcp.answer-reused', { capability: capability.id, server: target.where }),
    );
  }

  function assertUsable(session: McpSession, target: McpTarget, signal: AbortSignal, operation: McpOperation): void {
    if (signal.aborted) throw aborted(describeAttempt(operation), signal, false);
    if (session.ended)
      throw new UpstreamError(
        'SESSION_LOST',
        `${describeAttempt(operation)} failed: the session with ${target.where} has ended.`,
        { kind: 'session-lost', sent: false },
        { details: { server: target.where } },
      );
  }

  function failureOf(
    error: unknown,
    session: McpSession,
    { capability, caller, signal }: Work,
    context: CallContext,
    attempt: string,
    sent = true,
  ): CapstanError {
    const target = targetOf(capability);
    for (const value of session.connection.secretValues) context.secretValues.add(value);
    return toCallFailure(error, {
      attempt,
      scene: { ...sceneOf(target, session), opening: !sent },
      context,
      signal,
      onEraDoubt: () => {
        eras.forget(keyText(keyOf(capability, caller)));
        session.markStale();
      },
    });
  }

  /** Outside the pool: opens what it needs, and ends it. */
  async function alone<T extends object>(
    work: Work,
    attempt: string,
    call: (session: McpSession) => Promise<T>,
  ): Promise<T> {
    const { capability, caller, signal } = work;
    const target = targetOf(capability);
    const key = keyText(keyOf(capability, caller));
    const context = createCallContext(work);
    if (signal.aborted) throw aborted(attempt, signal, false);
    return stateless.execute({
      key,
      known: eras.known(key, target),
      isProcess: target.transport === 'stdio',
      connect: async (approach) => {
        try {
          const own = { mode: 'auto', onLost: ignore, onStale: ignore } as const;
          return await openSession(target, context, signal, own, approach);
        } catch (error) {
          const onEraDoubt = (): void => eras.forget(key);
          throw toCallFailure(error, { attempt, scene: sceneOf(target), context, signal, onEraDoubt });
        } finally {
          context.secretValues.clear();
        }
      },
      call,
      warn: (event, details) => host.logger.log('warning', event, { server: target.where, ...details }),
    });
  }

  /** What is asked beside calls. */
  async function perform<T extends object>(
    session: McpSession | undefined,
    work: Work,
    attempt: string,
    use: (session: McpSession, context: CallContext) => Promise<T>,
  ): Promise<T> {
    if (session === undefined) return alone(work, attempt, (own) => perform(own, work, attempt, use));
    const target = targetOf(work.capability);
    assertUsable(session, target, work.signal, operationOf(work.capability));
    const context = createCallContext(work);
    try {
      return await use(session, context);
    } catch (error) {
      throw failureOf(error, session, work, context, attempt);
    } finally {
      context.secretValues.clear();
    }
  }

  return {
    prefix: 'mcp',
    metadataSchema,
    sessionKey: keyOf,
    initializeSession,
    executeWithSession: callOn,
    terminateSession: (session) => session.terminate(),
    execute: async (invocation) =>
      alone(invocation, describeAttempt(operationOf(invocation.capability)), (session) => callOn(session, invocation)),
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
    close: () => egress.close(),
    ...upstreamOperations({ limits: (capability) => host.limits(capability), operationOf, perform, checkOutput }),
    ...pluginDiscovery({ host, createPlugin: (lent) => createPlugin(lent, options), view: viewOf }),
  };
}

function viewOf({ connection }: McpSession): SessionView {
  const { peer, serverName, serverCapabilities, era, secretValues } = connection;
  return { asks: peer, name: serverName, capabilities: serverCapabilities, era, secretValues };
}

function ignore(): void {
  // A session of one call has nobody to tell.
}
