import { CapstanError, type Capability } from '@capstan/provider';
import { parseOperation, type McpOperation } from './mcp-operation.ts';
import { parseTarget, type McpTarget } from './mcp-target.ts';

/** What the metadata of a capability says, each read once. Both throw `MANIFEST_INVALID`. */
export interface ParsedCapabilities {
  readonly targetOf: (capability: Capability) => McpTarget;
  readonly operationOf: (capability: Capability) => McpOperation;
}

/** `commands`: the only executables that a manifest may name. Default: any. */
export function parsedCapabilities(commands: readonly string[] | undefined): ParsedCapabilities {
  // Asked for on every call, and the same for as long as the capability is.
  const targets = new WeakMap<Capability, McpTarget>();
  const operations = new WeakMap<Capability, McpOperation>();
  return {
    targetOf(capability) {
      const known = targets.get(capability);
      if (known !== undefined) return known;
      const target = parseTarget(capability);
      if (target.transport === 'stdio' && commands !== undefined && !commands.includes(target.command))
        throw new CapstanError(
          'MANIFEST_INVALID',
          `${capability.id} (${capability.source.file}:${capability.source.line}): mcp_command ${target.command} is not one of the commands that the host allows.`,
        );
      targets.set(capability, target);
      return target;
    },
    operationOf(capability) {
      const known = operations.get(capability);
      if (known !== undefined) return known;
      const operation = parseOperation(capability);
      operations.set(capability, operation);
      return operation;
    },
  };
}
