import type { Capability, JsonObject } from '@capstan/provider';
import type { CallOptions } from './call-operation.ts';
import { definitionDigest } from './discover/definition-digest.ts';
import { listTools } from './discover/list-offers.ts';
import { isJsonObject } from './is-record.ts';
import type { ToolOperation } from './mcp-operation.ts';
import type { McpSession } from './mcp-session.ts';
import { paramHeadersOf, type ParamHeader } from './wire/param-headers.ts';

const maxKnown = 256;

/** Which parameters of which tool travel in headers too: as the capability declares them, or as the server itself said. */
export class ToolHeaders {
  readonly #known = new Map<string, readonly ParamHeader[]>();
  readonly #declared = new WeakMap<Capability, readonly ParamHeader[]>();

  known(tool: string): readonly ParamHeader[] | undefined {
    return this.#known.get(tool);
  }

  declared(capability: Capability): readonly ParamHeader[] {
    const found = this.#declared.get(capability) ?? parse(capability.input);
    this.#declared.set(capability, found);
    return found;
  }

  /** Asks the server. Undefined where it has no such tool, or another one than was accepted. */
  async fetch(
    { name: tool, pin }: ToolOperation,
    { connection: { peer } }: McpSession,
    { invocation, context }: Pick<CallOptions, 'invocation' | 'context'>,
  ): Promise<readonly ParamHeader[] | undefined> {
    const asks = {
      request: (method: string, params: JsonObject, options: { signal: AbortSignal; timeoutMs: number }) =>
        peer.request(method, params, { ...options, context }),
    };
    const { offers } = await listTools(asks, invocation.signal);
    const definition = offers.find(({ name }) => name === tool);
    if (definition === undefined) return undefined;
    if (pin?.drift === 'fail' && definitionDigest(definition) !== pin.sha256) return undefined;
    const headers = parse(definition['inputSchema']);
    if (this.#known.size >= maxKnown) this.#known.clear();
    this.#known.set(tool, headers);
    return headers;
  }

  forget(): void {
    this.#known.clear();
  }
}

function parse(inputSchema: unknown): readonly ParamHeader[] {
  const found = isJsonObject(inputSchema) ? paramHeadersOf(inputSchema) : undefined;
  return found?.ok === true ? found.headers : [];
}
