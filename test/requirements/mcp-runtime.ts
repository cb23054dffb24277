import type { Capability } from '@capstan/provider';
import { mcpProvider } from '@capstan/provider-mcp';
import {
  type CapabilityDeclaration,
  createRuntime,
  type Runtime,
  type RuntimeEvent,
  type RuntimeOptions,
} from '@capstan/runtime';
import { observedProvider, type PluginCall } from './observed-provider.ts';

interface McpRuntime {
  readonly runtime: Runtime;
  readonly events: RuntimeEvent[];
  /** What the runtime asked of the MCP plugin, in order. */
  readonly pluginCalls: PluginCall[];
}

/** A runtime with the MCP provider, and what happened in it. Without manifests: `mcp.test.echo` on the server at `url`. */
export async function mcpRuntime(
  url: string,
  { metadata = {}, ...options }: Partial<RuntimeOptions> & Pick<CapabilityDeclaration, 'metadata'> = {},
): Promise<McpRuntime> {
  const pluginCalls: PluginCall[] = [];
  const runtime = await createRuntime({
    manifests: [{ id: 'mcp.test.echo', metadata: { mcp_server_url: url, mcp_tool_name: 'echo', ...metadata } }],
    providers: [observedProvider(mcpProvider(), (call) => pluginCalls.push(call))],
    environment: {},
    ...options,
  });
  const events: RuntimeEvent[] = [];
  runtime.marketplace.events.on((event) => events.push(event));
  return { runtime, events, pluginCalls };
}

export function capabilityOf({ marketplace }: Runtime, id: string): Capability {
  return marketplace.require(id);
}

export const doorsOf = (calls: readonly PluginCall[]): readonly string[] => calls.map(({ door }) => door);
