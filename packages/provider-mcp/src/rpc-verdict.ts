import type { ErrorExplanation, ErrorScene } from './error-explanation.ts';
import { isRecord } from './is-record.ts';
import { urlElicitationRequired, urlElicitations } from './url-elicitations.ts';
import type { RpcError } from './wire/wire-errors.ts';

const headerMismatch = -32020;
const missingClientCapability = -32021;
const unsupportedProtocolVersion = -32022;

/** What a JSON-RPC error means. The server answered, so the call was seen, except where it says that it looked no further. */
export function explainRpcError(error: RpcError, { where }: ErrorScene): ErrorExplanation {
  const { code, message, data } = error;
  const common = {
    code: 'UPSTREAM_ERROR' as const,
    what: `${where} answered with error ${code}: ${message}`,
    details: { rpcCode: code },
  };
  switch (code) {
    case headerMismatch:
      return { ...common, verdict: { kind: 'transient', sent: false } };
    case unsupportedProtocolVersion:
      return { ...common, verdict: { kind: 'transient', sent: false }, eraDoubtful: true };
    case missingClientCapability: {
      const required = isRecord(data) && isRecord(data['requiredCapabilities']) ? data['requiredCapabilities'] : {};
      return {
        ...common,
        verdict: { kind: 'caller', sent: true },
        details: { rpcCode: code, requiredCapabilities: Object.keys(required) },
      };
    }
    case urlElicitationRequired:
      return {
        ...common,
        what: `${where} wants a person to visit a URL first: ${message}`,
        verdict: { kind: 'caller', sent: false },
        details: { rpcCode: code, elicitations: Object.values(urlElicitations(error)).map(({ params }) => params) },
      };
    default:
      return { ...common, verdict: { kind: 'caller', sent: true } };
  }
}
