import { CapstanError, type JsonObject } from '@capstan/provider';
import { isJsonObject } from '../is-record.ts';
import { safeCause, strikeOut } from '../upstream-error.ts';
import { paramHeadersOf } from '../wire/param-headers.ts';
import type { Asks } from './asks.ts';
import type { DiscoverOptions } from './discover-options.ts';
import type { Offers } from './draft-offers.ts';
import { listPrompts, listResources, listResourceTemplates, listTools, type Listing } from './list-offers.ts';

/** A server that was connected to, to be looked at. */
export interface OpenServer {
  readonly asks: Asks;
  /** What it calls itself. */
  readonly name: string | undefined;
  /** What it says that it has: `tools`, `resources`, `prompts`. */
  readonly capabilities: JsonObject;
  readonly era: 'legacy' | 'modern';
  /** What was read and sent so far to get at it, to be struck out of its errors. */
  secretValues(): ReadonlySet<string>;
  close(): Promise<void>;
}

/** All that a server offers of what is wanted. `where` is for messages. Rejects with a `CapstanError`. */
export async function listOffers(
  server: OpenServer,
  { resources = false, prompts = false }: Pick<DiscoverOptions, 'resources' | 'prompts'>,
  where: string,
  signal: AbortSignal,
): Promise<{ readonly offers: Offers; readonly dropped: readonly string[] }> {
  const { asks, capabilities, era } = server;
  const none: Listing = { offers: [], dropped: [] };
  const list = async (isWanted: boolean, read: typeof listTools): Promise<Listing> => {
    try {
      return isWanted ? await read(asks, signal) : none;
    } catch (error) {
      throw asCapstanError(error, `${where} did not say what it offers`, signal, server.secretValues());
    }
  };
  const wantsResources = resources && 'resources' in capabilities;
  const tools = await list('tools' in capabilities, listTools);
  const found = {
    tools: era === 'modern' ? withoutBrokenHeaders(tools) : tools,
    resources: await list(wantsResources, listResources),
    templates: await list(wantsResources, listResourceTemplates),
    prompts: await list(prompts && 'prompts' in capabilities, listPrompts),
  };
  return {
    offers: {
      tools: found.tools.offers,
      resources: found.resources.offers,
      templates: found.templates.offers,
      prompts: found.prompts.offers,
    },
    dropped: Object.values(found).flatMap(({ dropped }) => dropped),
  };
}

/** A tool whose parameters are declared as headers against the rules must not be used (2026-07-28, Streamable HTTP). */
function withoutBrokenHeaders({ offers, dropped }: Listing): Listing {
  const problems = new Map(
    offers.flatMap((tool) => {
      const declared = isJsonObject(tool['inputSchema']) ? paramHeadersOf(tool['inputSchema']) : undefined;
      return declared?.ok === false ? [[tool, `the tool ${tool.name} was left out: ${declared.problem}`] as const] : [];
    }),
  );
  return { offers: offers.filter((tool) => !problems.has(tool)), dropped: [...dropped, ...problems.values()] };
}

/** Throws `INPUT_INVALID` where one of `only` is not offered. */
export function choose(offers: Offers, only: readonly string[] | undefined, where: string): Offers {
  if (only === undefined || only.length === 0) return offers;
  const names = Object.values(offers).flatMap((list: Offers['tools']) => list.map(({ name }) => name));
  const missing = only.find((name) => !names.includes(name));
  if (missing !== undefined) {
    const known = names.slice(0, 20).join(', ') + (names.length > 20 ? ', …' : '');
    throw new CapstanError(
      'INPUT_INVALID',
      `${where} offers nothing called ${JSON.stringify(missing)}. It offers: ${known || 'nothing'}.`,
    );
  }
  const keep = (list: Offers['tools']): Offers['tools'] => list.filter(({ name }) => only.includes(name));
  const { tools, resources, templates, prompts } = offers;
  return { tools: keep(tools), resources: keep(resources), templates: keep(templates), prompts: keep(prompts) };
}

export function nothingOffered(
  where: string,
  { resources, prompts }: DiscoverOptions,
  dropped: readonly string[],
): CapstanError {
  const hint =
    resources === true && prompts === true
      ? ''
      : ' Resources and prompts are asked for with --resources and --prompts.';
  const reasons = dropped.length === 0 ? hint : ` ${dropped.join('; ')}.`;
  return new CapstanError('UPSTREAM_ERROR', `${where} offers nothing that can be imported.${reasons}`, {
    retryable: false,
    details: { dropped },
  });
}

export function asCapstanError(
  error: unknown,
  what: string,
  signal: AbortSignal,
  secretValues: ReadonlySet<string> = new Set(),
): CapstanError {
  if (CapstanError.isInstance(error)) return error;
  if (signal.aborted) return new CapstanError('CANCELLED', 'The import was cancelled.', { cause: error });
  const reason = strikeOut(error instanceof Error ? error.message : String(error), secretValues);
  return new CapstanError('UPSTREAM_ERROR', `${what}: ${reason}`, { cause: safeCause(error, secretValues) });
}
