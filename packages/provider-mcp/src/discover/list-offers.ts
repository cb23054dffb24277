import { CapstanError, type JsonObject } from '@capstan/provider';
import { isJsonObject } from '../is-record.ts';
import type { Asks } from './asks.ts';

const mostPages = 64;
const mostOffers = 5000;
const pageTimeoutMs = 30_000;
const deepestDefinition = 64;

/** A tool, prompt, resource or template, as it came. */
export type NamedOffer = JsonObject & { readonly name: string };

/** What a server lists of one kind, and what was wrong with the rest, a sentence each. */
export interface Listing {
  readonly offers: readonly NamedOffer[];
  readonly dropped: readonly string[];
}

type Shape = Readonly<Record<string, 'text' | 'object'>>;

/** One that lacks its name or its schema is dropped by itself: the others are good. So is the second of a name. Rejects as `asks` does. */
export async function listTools(asks: Asks, signal: AbortSignal): Promise<Listing> {
  return await listAll(asks, signal, 'tool', 'tools/list', 'tools', { name: 'text', inputSchema: 'object' });
}

export async function listPrompts(asks: Asks, signal: AbortSignal): Promise<Listing> {
  return await listAll(asks, signal, 'prompt', 'prompts/list', 'prompts', { name: 'text' });
}

export async function listResources(asks: Asks, signal: AbortSignal): Promise<Listing> {
  return await listAll(asks, signal, 'resource', 'resources/list', 'resources', { uri: 'text', name: 'text' });
}

export async function listResourceTemplates(asks: Asks, signal: AbortSignal): Promise<Listing> {
  const shape = { uriTemplate: 'text', name: 'text' } as const;
  return await listAll(asks, signal, 'resource template', 'resources/templates/list', 'resourceTemplates', shape);
}

async function listAll(
  asks: Asks,
  signal: AbortSignal,
  kind: string,
  method: string,
  member: string,
  shape: Shape,
): Promise<Listing> {
  const [identity = 'name'] = Object.keys(shape);
  const found = new Map<string, NamedOffer>();
  const dropped: string[] = [];
  const cursors = new Set<string>();
  let cursor: string | undefined;
  let items = 0;
  for (let page = 1; ; page++) {
    const params = cursor === undefined ? {} : { cursor };
    const result = await asks.request(method, params, { signal, timeoutMs: pageTimeoutMs });
    const listed = result[member];
    if (!Array.isArray(listed)) throw unreadable(method, member);
    for (const item of listed) {
      if (++items > mostOffers) break;
      const problem = problemOf(item, shape);
      if (problem !== undefined || !isNamed(item)) {
        dropped.push(`${kind} ${items} was left out: ${problem}`);
        continue;
      }
      const key = textOf(item, identity);
      if (found.has(key)) dropped.push(`${kind} ${items} was left out: another before it has the same ${identity}`);
      else found.set(key, item);
    }
    const next = result['nextCursor'];
    if (typeof next !== 'string' && items <= mostOffers) return { offers: [...found.values()], dropped };
    const limit = limitReached(page, items, typeof next !== 'string' || cursors.has(next));
    if (limit !== undefined || typeof next !== 'string')
      return { offers: [...found.values()], dropped: [...dropped, `the list of ${kind}s was read up to ${limit}`] };
    cursors.add(next);
    cursor = next;
  }
}

function limitReached(page: number, items: number, isRepeated: boolean): string | undefined {
  if (items > mostOffers) return `number ${mostOffers} and no further`;
  if (isRepeated) return `page ${page}, from where it leads in a circle`;
  return page >= mostPages ? `page ${mostPages} and no further` : undefined;
}

function problemOf(item: unknown, shape: Shape): string | undefined {
  if (!isJsonObject(item)) return 'it is no object';
  if (isDeeperThan(deepestDefinition, item)) return `it is nested deeper than ${deepestDefinition} levels`;
  for (const [member, type] of Object.entries(shape)) {
    const value = item[member];
    if (type === 'object' ? !isJsonObject(value) : typeof value !== 'string' || value === '')
      return type === 'object' ? `its ${member} is no object` : `it has no ${member}`;
  }
  return undefined;
}

function isNamed(value: unknown): value is NamedOffer {
  return isJsonObject(value) && typeof value['name'] === 'string';
}

/** A member that is text; else empty. */
export function textOf(offer: JsonObject, member: string): string {
  const value = offer[member];
  return typeof value === 'string' ? value : '';
}

function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((item) => isDeeperThan(levels - 1, item));
}

function unreadable(method: string, member: string): CapstanError {
  return new CapstanError('UPSTREAM_ERROR', `The server answered ${method} without a list of ${member}.`, {
    retryable: false,
    details: { method },
  });
}
