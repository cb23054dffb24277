import { CapstanError, type Caller, type Capability, type SessionKey } from '@capstan/provider';
import { parseOperation, type McpOperation } from './mcp-operation.ts';
import { parseTarget, type McpTarget } from './mcp-target.ts';
import { dependsOnCaller, sessionKeyOf } from './session-key.ts';

/** What the metadata of a capability says, each read once. All throw `MANIFEST_INVALID`. */
export interface ParsedCapabilities {
  readonly targetOf: (capability: Capability) => McpTarget;
  readonly operationOf: (capability: Capability) => McpOperation;
  readonly keyOf: (capability: Capability, caller: Caller) => SessionKey;
}

/** `commands`: the only executables that a manifest may name. Default: any. */
export function parsedCapabilities(commands: readonly string[] | undefined): ParsedCapabilities {
  // Asked for on every call, and the same for as long as the capability is.
  const targets = new WeakMap<Capability, McpTarget>();
  const operations = new WeakMap<Capability, McpOperation>();
  const keys = new WeakMap<Capability, SessionKey>();

  function targetOf(capability: Capability): McpTarget {
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
  }

  return {
    targetOf,
    operationOf(capability) {
      const known = operations.get(capability);
      if (known !== undefined) return known;
      const operation = parseOperation(capability);
      operations.set(capability, operation);
      return operation;
    },
    keyOf(capability, caller) {
      const known = keys.get(capability);
      if (known !== undefined) return known;
      const target = targetOf(capability);
      const key = sessionKeyOf(target, caller);
      if (!dependsOnCaller(target)) keys.set(capability, key);
      return key;
    },
  };
}
