import { ProtocolError, SdkError, SdkErrorCode, SdkHttpError } from '@modelcontextprotocol/client';
import { CapstanError, type ErrorVerdict } from '@capstan/provider';
import type { ErrorExplanation, ErrorScene } from './error-explanation.ts';
import { explainConnectError, explainForeignAnswer, explainHttpStatus } from './http-verdict.ts';
import { isRecord } from './is-record.ts';
import { UpstreamBusy } from './upstream-busy.ts';
import { UpstreamError } from './upstream-error.ts';

/** By class, status and code, never by text. */
export function explainError(error: unknown, scene: ErrorScene): ErrorExplanation {
  if (error instanceof UpstreamBusy) return explainBusy(error, scene);
  if (error instanceof SdkHttpError) return explainHttpStatus(error, scene);
  if (error instanceof ProtocolError) return explainProtocolError(error, scene);
  if (error instanceof SdkError) return explainSdkError(error, scene);
  return explainConnectError(error, scene);
}

/** The verdict of an error that left the plugin, or of any other error as if seen on a plain HTTP call. */
export function classifyError(error: unknown): ErrorVerdict {
  if (error instanceof UpstreamError) return error.verdict;
  if (CapstanError.isInstance(error)) return { kind: 'caller', sent: error.code === 'CANCELLED' };
  return explainError(error, { transport: 'http', where: 'the server', hasSessionId: false, opening: false }).verdict;
}

function explainBusy(error: UpstreamBusy, { where }: ErrorScene): ErrorExplanation {
  const { status, retryAfterMs } = error;
  return {
    code: 'OVERLOADED',
    what: `${where} is overloaded (HTTP ${status})`,
    verdict: { kind: 'transient', sent: status === 503, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
    details: { status },
  };
}

const headerMismatch = -32020;
const missingClientCapability = -32021;
const unsupportedProtocolVersion = -32022;

function explainProtocolError(error: ProtocolError, { where }: ErrorScene): ErrorExplanation {
  const { code, data } = error;
  const common = {
    code: 'UPSTREAM_ERROR' as const,
    what: `${where} answered with error ${code}: ${error.message.slice(0, 500)}`,
    details: { rpcCode: code },
  };
  if (code === headerMismatch) return { ...common, verdict: { kind: 'transient', sent: false } };
  if (code === unsupportedProtocolVersion)
    return { ...common, verdict: { kind: 'transient', sent: false }, eraDoubtful: true };
  if (code === missingClientCapability && isRecord(data) && isRecord(data['requiredCapabilities']))
    return {
      ...common,
      verdict: { kind: 'caller', sent: true },
      details: { rpcCode: code, requiredCapabilities: Object.keys(data['requiredCapabilities']) },
    };
  return { ...common, verdict: { kind: 'caller', sent: true } };
}

function explainEndAtStart({ where, commandLine = where, lastWords }: ErrorScene): ErrorExplanation {
  return {
    code: 'UPSTREAM_ERROR',
    what: `the process \`${commandLine}\` ended before it answered${lastWords === undefined ? '' : `: ${lastWords}`}`,
    verdict: { kind: 'session-lost', sent: false },
  };
}

function explainSdkError(error: SdkError, scene: ErrorScene): ErrorExplanation {
  const { where, transport } = scene;
  // The SDK asks a process of its own about the revision, and does not tell how that one ended.
  const doesNotSpeak =
    transport === 'stdio'
      ? 'ended at the question for its protocol revision, or does not speak the one that mcp_protocol asks for. Try mcp_protocol: auto, which tells them apart'
      : 'does not speak the protocol revision that mcp_protocol asks for';
  switch (error.code) {
    case SdkErrorCode.RequestTimeout:
      return { code: 'TIMEOUT', what: `${where} did not answer in time`, verdict: { kind: 'transient', sent: true } };
    case SdkErrorCode.ConnectionClosed:
      if (transport === 'stdio' && scene.opening) return explainEndAtStart(scene);
      return transport === 'stdio'
        ? { code: 'SESSION_LOST', what: `${where} ended`, verdict: { kind: 'session-lost', sent: true } }
        : {
            code: 'UPSTREAM_ERROR',
            what: `the connection to ${where} was closed`,
            verdict: { kind: 'transient', sent: true },
          };
    case SdkErrorCode.NotConnected:
      if (transport === 'stdio' && scene.opening) return explainEndAtStart(scene);
      return { code: 'SESSION_LOST', what: `${where} has ended`, verdict: { kind: 'session-lost', sent: false } };
    case SdkErrorCode.MethodNotSupportedByProtocolVersion:
      return {
        code: 'UPSTREAM_ERROR',
        what: `${where} speaks another protocol revision than it did before`,
        verdict: { kind: 'transient', sent: false },
        eraDoubtful: true,
      };
    case SdkErrorCode.EraNegotiationFailed:
      return error.cause === undefined
        ? {
            code: 'UPSTREAM_ERROR',
            what: `${where} ${doesNotSpeak}`,
            verdict: { kind: 'fatal', sent: false },
          }
        : explainError(error.cause, scene);
    case SdkErrorCode.UnsupportedResultType:
      return {
        code: 'UPSTREAM_ERROR',
        what: `${where} answered with a kind of result that cannot be used here`,
        verdict: { kind: 'caller', sent: true },
        details: isRecord(error.data) ? { resultType: String(error.data['resultType']) } : {},
      };
    case SdkErrorCode.InvalidResult:
      return {
        code: 'OUTPUT_INVALID',
        what: `the answer of ${where} does not follow the protocol: ${error.message.slice(0, 500)}`,
        verdict: { kind: 'caller', sent: true },
      };
    case SdkErrorCode.ClientHttpUnexpectedContent:
      return explainForeignAnswer(scene);
    default:
      return {
        code: 'UPSTREAM_ERROR',
        what: `${where}: ${error.message}`,
        verdict: { kind: 'caller', sent: true },
        details: { sdkCode: error.code },
      };
  }
}
