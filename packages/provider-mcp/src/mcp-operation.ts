import type { Capability } from '@capstan/provider';
import { invalid, oneOf, text } from './metadata-values.ts';

/** What is called at the server, and how its answer is held against what was declared. */
export type McpOperation = ToolOperation | PromptOperation | ResourceOperation | ResourceTemplateOperation;

export interface ToolOperation {
  readonly kind: 'tool';
  readonly name: string;
  /** The argument that takes the idempotency key. */
  readonly idempotencyArgument: string | undefined;
  /** What to do with an answer that does not fit the declared output. */
  readonly outputValidation: 'off' | 'warn' | 'strict';
  readonly pin: DefinitionPin | undefined;
}

/** The definition that an operator accepted. */
interface DefinitionPin {
  /** Hex SHA-256: see `definitionDigest`. Undefined: compared with nothing, so never changed. */
  readonly sha256: string;
  /** What to do where the server's definition is another one. */
  readonly drift: 'warn' | 'fail';
}

interface PromptOperation {
  readonly kind: 'prompt';
  readonly name: string;
}

interface ResourceOperation {
  readonly kind: 'resource';
  readonly uri: string;
}

interface ResourceTemplateOperation {
  readonly kind: 'resource-template';
  /** RFC 6570; filled from the input. */
  readonly template: string;
}

/** Reads what is to be called. Throws `MANIFEST_INVALID`. */
export function parseOperation(capability: Capability): McpOperation {
  const tool = text(capability, 'mcp_tool_name');
  const prompt = text(capability, 'mcp_prompt_name');
  const uri = text(capability, 'mcp_resource_uri');
  const template = text(capability, 'mcp_resource_template');
  const idempotencyArgument = text(capability, 'mcp_idempotency_argument');
  const said = [tool, prompt, uri, template].filter((name) => name !== undefined);
  if (said.length !== 1)
    throw invalid(
      capability,
      'say exactly one of mcp_tool_name, mcp_prompt_name, mcp_resource_uri and mcp_resource_template',
    );
  if (capability.effect === 'keyed' && (tool === undefined || idempotencyArgument === undefined))
    throw invalid(capability, 'effect: keyed needs mcp_idempotency_argument, the tool argument that takes the key');
  if (tool !== undefined)
    return {
      kind: 'tool',
      name: tool,
      idempotencyArgument,
      outputValidation: oneOf(capability, 'mcp_output_validation', ['warn', 'off', 'strict']),
      pin: parsePin(capability),
    };
  if (prompt !== undefined) return { kind: 'prompt', name: prompt };
  return template === undefined ? { kind: 'resource', uri: uri ?? '' } : { kind: 'resource-template', template };
}

function parsePin(capability: Capability): DefinitionPin | undefined {
  const sha256 = text(capability, 'mcp_definition_sha256')?.toLowerCase();
  const drift = oneOf(capability, 'mcp_drift', ['fail', 'warn', 'off']);
  if (sha256 === undefined) {
    if (text(capability, 'mcp_drift') !== undefined && drift !== 'off')
      throw invalid(capability, `mcp_drift: ${drift} needs mcp_definition_sha256, which capstan import writes`);
    return undefined;
  }
  return drift === 'off' ? undefined : { sha256, drift };
}
