import type { JsonObject } from '@capstan/provider';
import type { ClientCapability } from './mcp-target.ts';

/** The extension by which a modern server may answer with a task (SEP-2663). */
const tasksExtension = 'io.modelcontextprotocol/tasks';

const declarations: Readonly<Record<ClientCapability, JsonObject>> = {
  elicitation: { elicitation: { form: { applyDefaults: true }, url: {} } },
  sampling: { sampling: {} },
  roots: { roots: {} },
  tasks: { extensions: { [tasksExtension]: {} } },
};

/** What a server is told of our callers (2025-11-25 and 2026-07-28, "Client capabilities"). */
export function clientCapabilitiesOf(declared: readonly ClientCapability[]): JsonObject {
  return Object.assign({}, ...declared.map((word) => declarations[word]));
}
