import { CapstanError } from '@capstan/provider';
import { isRpcMessage, type RpcMessage } from './wire/json-rpc.ts';

/**
 * Reads one line of a server's standard output. Throws `OUTPUT_INVALID` where it is no JSON-RPC 2.0 message.
 * Looks at the frame only.
 */
export function parseStdioMessage(line: string): RpcMessage {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw notAMessage(line, 'JSON', cause);
  }
  if (!isRpcMessage(value)) throw notAMessage(line, 'a JSON-RPC 2.0 message');
  return value;
}

// The line is not quoted, nor is the parser's error kept, which quotes it: it may hold a secret of the server's.
function notAMessage(line: string, expected: string, cause?: unknown): CapstanError {
  return new CapstanError(
    'OUTPUT_INVALID',
    `A line of ${line.length} characters on the standard output of the process is not ${expected}; it was skipped. The server must write its log to standard error.`,
    cause instanceof Error ? { details: { reason: cause.name } } : {},
  );
}
