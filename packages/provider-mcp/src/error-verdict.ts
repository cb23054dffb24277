import { EgressError } from '@capstan/http-egress';
import { CapstanError, type ErrorVerdict } from '@capstan/provider';
import { NobodyAnswers } from './answer-input.ts';
import { explainConnectError } from './connect-verdict.ts';
import type { ErrorExplanation, ErrorScene } from './error-explanation.ts';
import { UnknownRevision } from './handshake.ts';
import { explainRefusal } from './http-verdict.ts';
import { NotModern } from './probe-era.ts';
import { explainRpcError } from './rpc-verdict.ts';
import { UpstreamBusy } from './upstream-busy.ts';
import { UpstreamError } from './upstream-error.ts';
import {
  ConnectionEnded,
  ForeignAnswer,
  HttpRefusal,
  MalformedResult,
  MessageTooLarge,
  NoAnswer,
  RpcError,
  StreamEnded,
} from './wire/wire-errors.ts';

/** By class, status and code, never by text. */
export function explainError(error: unknown, scene: ErrorScene): ErrorExplanation {
  const { where } = scene;
  if (error instanceof RpcError) return explainRpcError(error, scene);
  if (error instanceof HttpRefusal) return explainRefusal(error, scene);
  if (error instanceof UpstreamBusy) return explainBusy(error, scene);
  if (error instanceof EgressError) return explainEgressError(error, scene);
  if (error instanceof ConnectionEnded) return explainEnd(error, scene);
  if (error instanceof NoAnswer)
    return { code: 'TIMEOUT', what: `${where} did not answer in time`, verdict: { kind: 'transient', sent: true } };
  if (error instanceof StreamEnded) return explainStreamEnd(error, scene);
  if (error instanceof MessageTooLarge) return tooLarge(scene);
  if (error instanceof MalformedResult)
    return {
      code: 'OUTPUT_INVALID',
      what: `the answer of ${where} does not follow the protocol: ${error.message}`,
      verdict: { kind: 'caller', sent: true },
    };
  if (error instanceof NobodyAnswers)
    return {
      code: 'UPSTREAM_ERROR',
      what: `${where} needs an answer of the caller's: ${error.message.replace(/\.$/, '')}`,
      verdict: { kind: 'caller', sent: true },
    };
  if (error instanceof ForeignAnswer)
    return {
      code: 'UPSTREAM_ERROR',
      what: `${where} answered with something else than MCP${scene.opening ? '. Check mcp_server_url' : `: ${error.message}`}`,
      verdict: { kind: 'caller', sent: true },
    };
  if (error instanceof NotModern || error instanceof UnknownRevision)
    return {
      code: 'UPSTREAM_ERROR',
      what:
        error instanceof NotModern
          ? whyNotModern(scene)
          : `${where} speaks ${error.revision}, a revision of the protocol that is unknown here`,
      verdict: { kind: 'fatal', sent: false },
    };
  return explainConnectError(error, scene);
}

/** The verdict of an error that left the plugin, or of any other error as if seen on a plain HTTP call. */
export function classifyError(error: unknown): ErrorVerdict {
  if (error instanceof UpstreamError) return error.verdict;
  if (error instanceof EgressError || !CapstanError.isInstance(error))
    return explainError(error, { transport: 'http', where: 'the server', hasSessionId: false, opening: false }).verdict;
  return { kind: 'caller', sent: error.code === 'CANCELLED' };
}

function whyNotModern({ where, transport }: ErrorScene): string {
  return transport === 'stdio'
    ? `${where} ended at the question for its protocol revision, or does not speak the one that mcp_protocol asks for. Try mcp_protocol: auto, which tells them apart`
    : `${where} does not speak the protocol revision that mcp_protocol asks for`;
}

function explainBusy({ status, retryAfterMs }: UpstreamBusy, { where }: ErrorScene): ErrorExplanation {
  return {
    code: 'OVERLOADED',
    what: `${where} is overloaded (HTTP ${status})`,
    verdict: { kind: 'transient', sent: status === 503, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
    details: { status },
  };
}

function explainEgressError(error: EgressError, scene: ErrorScene): ErrorExplanation {
  const { reason, sent, message } = error;
  if (reason === 'network') return explainConnectError(error, scene, sent);
  if (reason === 'too_large') return tooLarge(scene);
  return {
    code: error.code,
    // A whole sentence of its own; here it stands within another.
    what: message.replace(/\.$/, ''),
    verdict: { kind: reason === 'egress' || reason === 'redirect' ? 'fatal' : 'caller', sent },
    details: { reason },
  };
}

/** The server took the request. Where it refuses to go on with its answer because it lost the session, that is known too. */
function explainStreamEnd({ cause }: StreamEnded, scene: ErrorScene): ErrorExplanation {
  const refusal = cause instanceof HttpRefusal ? explainRefusal(cause, scene) : undefined;
  if (refusal?.verdict.kind === 'session-lost') return { ...refusal, verdict: { kind: 'session-lost', sent: true } };
  return {
    code: 'UPSTREAM_ERROR',
    what: `${scene.where} ended its answer before the result`,
    verdict: { kind: 'transient', sent: true },
  };
}

function tooLarge({ where }: ErrorScene): ErrorExplanation {
  return {
    code: 'UPSTREAM_ERROR',
    what: `the answer of ${where} is larger than it may be. Raise call_max_output_bytes if that is right`,
    verdict: { kind: 'caller', sent: true },
    details: { reason: 'too_large' },
  };
}

function explainEnd({ sent }: ConnectionEnded, scene: ErrorScene): ErrorExplanation {
  const { where, transport, opening, commandLine = where, lastWords } = scene;
  if (transport !== 'stdio')
    return {
      code: sent ? 'UPSTREAM_ERROR' : 'SESSION_LOST',
      what: `the connection to ${where} was closed`,
      verdict: { kind: 'session-lost', sent },
    };
  if (opening)
    return {
      code: 'UPSTREAM_ERROR',
      what: `the process \`${commandLine}\` ended before it answered${lastWords === undefined ? '' : `: ${lastWords}`}`,
      verdict: { kind: 'session-lost', sent: false },
    };
  return {
    code: 'SESSION_LOST',
    what: sent ? `${where} ended` : `${where} has ended`,
    verdict: { kind: 'session-lost', sent },
  };
}
