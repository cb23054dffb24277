import { createEgress, type Egress } from '@capstan/http-egress';
import {
  CapstanError,
  type Caller,
  type Capability,
  type Discovers,
  type Invocation,
  type JsonObject,
  type ProviderHost,
  type ProviderPlugin,
  type ProviderResult,
  type SessionRequest,
} from '@capstan/provider';
import { type AnswerScene, refusalIn } from './answer-verdict.ts';
import { authVariables } from './auth-source.ts';
import type { CallContext } from './call-context.ts';
import { aborted, classifyError, toCallFailure } from './call-failure.ts';
import { discoverOptions } from './discover/discover-options.ts';
import { type GraphqlTarget, parseTarget } from './graphql-target.ts';
import type { GraphqlAnswer, GraphqlTransport } from './graphql-transport.ts';
import { LoadedOperations } from './loaded-operations.ts';
import { metadataSchema } from './metadata-schema.ts';
import { type OperationSettings, parseSettings } from './operation-settings.ts';
import { operationVariables } from './operation-variables.ts';
import { OutputValidator } from './output-validator.ts';
import { requestHeaders } from './request-headers.ts';
import { sessionKeyOf } from './session-key.ts';
import { strikeAnswer } from './strike-answer.ts';
import { toResult } from './to-result.ts';
import { UpstreamError } from './upstream-error.ts';

/** GraphQL has no sessions of its own: a record, so that the pool counts and bounds calls like any others. */
export interface GraphqlSession {
  readonly where: string;
  hasEnded: boolean;
}

/** The plugin that owns `graphql_*`: queries and mutations over HTTP. */
export function graphqlProvider(): (host: ProviderHost) => GraphqlPlugin {
  return (host) => createPlugin(host);
}

type GraphqlPlugin = ProviderPlugin<GraphqlSession> & Required<Discovers>;

/** The introspection result of a service with many types. */
const maxSchemaBytes = 32 * 1024 * 1024;

/** What the metadata of a capability says. */
interface Declared {
  readonly target: GraphqlTarget;
  readonly settings: OperationSettings;
}

function createPlugin(host: ProviderHost): GraphqlPlugin {
  const { logger, secrets } = host;
  const egress = createEgress({ policy: host.egress });
  const declarations = new WeakMap<Capability, Declared>();
  const transports = new WeakMap<GraphqlTarget, GraphqlTransport>();
  const operations = new LoadedOperations(logger);
  const outputs = new OutputValidator(logger);

  /** Asked for on every call, and the same for as long as the capability is. Throws `MANIFEST_INVALID`. */
  function declaredBy(capability: Capability): Declared {
    const known = declarations.get(capability);
    if (known !== undefined) return known;
    const declared = { target: parseTarget(capability), settings: parseSettings(capability) };
    declarations.set(capability, declared);
    return declared;
  }

  async function transportTo(target: GraphqlTarget): Promise<GraphqlTransport> {
    const known = transports.get(target);
    if (known !== undefined) return known;
    const transport = await openTransport(egress, target);
    transports.set(target, transport);
    return transport;
  }

  async function execute(invocation: Invocation): Promise<ProviderResult> {
    const { capability, caller, signal } = invocation;
    const { target, settings } = declaredBy(capability);
    const context: CallContext = { capability, caller, secrets, secretValues: new Set() };
    let attempt = `Calling ${capability.id}`;
    let sent = false;
    if (signal.aborted) throw aborted({ attempt, signal, sent });
    try {
      const operation = await operations.of(capability, settings);
      attempt = `Calling ${operation.type} ${operation.name ?? ''}`.trimEnd();
      const { idempotencyKey, input } = invocation;
      const { idempotencyVariable: name, idempotencyHeader } = settings;
      const key = name === undefined || idempotencyKey === undefined ? undefined : ([name, idempotencyKey] as const);
      const variables = operationVariables(capability, operation, input, key);
      const headers = await requestHeaders(target, invocation, idempotencyHeader, context);
      const transport = await transportTo(target);
      const { maxOutputBytes: maxBytes } = host.limits(capability);
      signal.throwIfAborted();
      sent = true;
      const answer = await transport.run(
        { document: operation.document, variables, ...(operation.name && { operationName: operation.name }) },
        { headers, maxBytes, signal },
      );
      return await resultOf(strikeAnswer(answer, context.secretValues), attempt, { target, settings }, capability);
    } catch (error) {
      throw toCallFailure(error, { attempt, where: target.where, signal, sent });
    } finally {
      context.secretValues.clear();
    }
  }

  async function resultOf(
    answer: GraphqlAnswer,
    attempt: string,
    { target, settings }: Declared,
    capability: Capability,
  ): Promise<ProviderResult> {
    const refusal = refusalIn(answer, sceneOf(target));
    if (refusal !== undefined || answer.body === undefined) throw failureOf(refusal, attempt, target);
    if (answer.body.errors !== undefined && settings.errorPolicy === 'ignore')
      logger.log('warning', 'graphql.errors-ignored', {
        capability: capability.id,
        errors: answer.body.errors.length,
      });
    const result = toResult(answer.body, settings, capability);
    if (settings.outputValidation !== 'off') await outputs.check(capability, result, settings.outputValidation);
    return result;
  }

  async function initializeSession({ capability, mode, signal }: SessionRequest): Promise<GraphqlSession> {
    const { target } = declaredBy(capability);
    if (signal.aborted) throw aborted({ attempt: 'Opening a session', signal, sent: false });
    if (mode === 'required')
      throw new UpstreamError(
        'SESSION_UNAVAILABLE',
        `${target.where} is called without a session, and graphql_requires_session: true asks for one. Set it to auto.`,
        { kind: 'fatal', sent: false },
        { details: { reason: 'not-issued', server: target.where } },
      );
    return { where: target.where, hasEnded: false };
  }

  /** A query of our own. Undefined: the document was refused. */
  async function ask(
    capability: Capability,
    caller: Caller,
    signal: AbortSignal,
    document: string,
  ): Promise<JsonObject | undefined> {
    const { target } = declaredBy(capability);
    const context: CallContext = { capability, caller, secrets, secretValues: new Set() };
    const attempt = `Reading the schema of ${target.where}`;
    try {
      const headers = await requestHeaders(target, {}, undefined, context);
      const transport = await transportTo(target);
      const given = await transport.run({ document, variables: {} }, { headers, maxBytes: maxSchemaBytes, signal });
      const answer = strikeAnswer(given, context.secretValues);
      const refusal = refusalIn(answer, sceneOf(target));
      if (refusal?.details['reason'] === 'document_refused') return undefined;
      if (refusal !== undefined || answer.body === undefined) throw failureOf(refusal, attempt, target);
      return answer.body.data ?? undefined;
    } catch (error) {
      throw toCallFailure(error, { attempt, where: target.where, signal, sent: true });
    } finally {
      context.secretValues.clear();
    }
  }

  return {
    prefix: 'graphql',
    metadataSchema,
    sessionKey: (capability) => sessionKeyOf(declaredBy(capability).target),
    initializeSession,
    executeWithSession: async (session, invocation) => {
      if (session.hasEnded)
        throw new UpstreamError(
          'SESSION_LOST',
          `Calling ${invocation.capability.id} failed: the session with ${session.where} has ended.`,
          { kind: 'session-lost', sent: false },
        );
      return await execute(invocation);
    },
    terminateSession: async (session) => {
      session.hasEnded = true;
    },
    execute,
    classifyError,
    describeSession: () => ({ light: true }),
    close: () => egress.close(),
    discoverOptions,
    discover: async function* (wanted, signal) {
      const { discover } = await import('./discover/discover.ts');
      yield* discover(wanted, signal, {
        logger,
        ask: (capability, caller, until) => (document) => ask(capability, caller, until, document),
      });
    },
  };
}

/** Loaded when it is first needed. */
async function openTransport(egress: Egress, target: GraphqlTarget): Promise<GraphqlTransport> {
  const { graphqlRequestTransport } = await import('./graphql-request-transport.ts');
  return graphqlRequestTransport(egress, target);
}

function sceneOf({ where, expiredCodes, expiredStatuses, auth }: GraphqlTarget): AnswerScene {
  return { where, expiredCodes, expiredStatuses, authVariables: authVariables(auth) };
}

function failureOf(refusal: ReturnType<typeof refusalIn>, attempt: string, { where }: GraphqlTarget): CapstanError {
  const { code, what, verdict, details }: NonNullable<typeof refusal> = refusal ?? {
    code: 'UPSTREAM_ERROR',
    what: `${where} answered with something else than GraphQL`,
    verdict: { kind: 'fatal', sent: true },
    details: { reason: 'not_graphql' },
  };
  return new UpstreamError(code, `${attempt} failed: ${what}.`, verdict, { details: { server: where, ...details } });
}
