import { basename, extname, join, resolve } from 'node:path';
import {
  CapstanError,
  type Caller,
  type Capability,
  type DiscoverTarget,
  type Logger,
  type ManifestDraft,
  type Metadata,
} from '@capstan/provider';
import type { GraphQLSchema } from 'graphql';
import { SchemaFiles } from '../schema-files.ts';
import { type DiscoverOptions, readDiscoverOptions } from './discover-options.ts';
import { type DraftedField, draftOperations } from './draft-operations.ts';
import { type Ask, introspect } from './introspect.ts';

export interface DiscoverContext {
  readonly logger: Logger;
  /** Asks the endpoint of a capability as its metadata say. Rejects with a `CapstanError`. */
  readonly ask: (capability: Capability, caller: Caller, signal: AbortSignal) => Ask;
}

interface Upstream {
  readonly source: string;
  readonly metadata: Metadata;
  /** Absolute. Undefined: the endpoint is asked. */
  readonly schemaFile?: string;
}

/** Drafts of the queries and mutations of an endpoint, or of the file of a schema. */
export async function* discover(
  target: DiscoverTarget,
  signal: AbortSignal,
  context: DiscoverContext,
): AsyncGenerator<ManifestDraft> {
  const { like, caller } = target;
  const options = readDiscoverOptions(target.options);
  const upstream = like === undefined ? upstreamOf(target.location, options) : again(like);
  const capability = like ?? toConnect(upstream);
  const schema =
    upstream.schemaFile === undefined
      ? await introspected(capability, caller, signal, context)
      : await new SchemaFiles().load(upstream.schemaFile, capability).catch(asInputProblem);
  signal.throwIfAborted();
  const { fields, dropped } = draftOperations(schema, upstream.source);
  for (const problem of dropped)
    context.logger.log('warning', 'graphql.import-dropped', { source: upstream.source, problem });
  // What an upstream offers now is all that it offers.
  const chosen = like === undefined ? choose(fields, options) : fields;
  const left = fields.filter((each) => each.type === 'mutation' && !chosen.includes(each)).length;
  const sharedNotes =
    left === 0 ? [] : [`${left} mutations are not imported: name them with --only, or say --mutations all`];
  for (const { draft } of chosen)
    yield { ...draft, metadata: upstream.metadata, ...(sharedNotes.length > 0 && { sharedNotes }) };
}

function choose(
  fields: readonly DraftedField[],
  { only, mutations = 'explicit' }: DiscoverOptions,
): readonly DraftedField[] {
  const missing = only?.find((name) => !fields.some(({ field }) => field === name));
  if (missing !== undefined) throw refused(`The schema has no query and no mutation ${JSON.stringify(missing)}.`);
  const chosen = fields.filter(({ field, type }) => {
    const isNamed = only?.includes(field) ?? false;
    if (type === 'query') return only === undefined || isNamed;
    return mutations === 'all' ? only === undefined || isNamed : mutations === 'explicit' && isNamed;
  });
  if (chosen.length === 0) throw refused('The schema has nothing that could be imported so.');
  return chosen;
}

function upstreamOf(location: readonly string[], options: DiscoverOptions): Upstream {
  const [word = '', ...more] = location;
  if (more.length > 0) throw refused('One endpoint or one file of a schema is imported at a time.');
  const isUrl = /^https?:\/\//i.test(word);
  const endpoint = isUrl ? word : options.endpoint;
  if (endpoint === undefined)
    throw refused('A schema in a file does not say where its upstream is: add --endpoint with its URL.');
  const { auth, authEnvVar, authHeader, authScheme } = options;
  if (authEnvVar === undefined && [auth, authHeader, authScheme].some((option) => option !== undefined))
    throw refused('Say which variable holds the credential: --auth-env-var.');
  return {
    source: options.name ?? (isUrl ? nameOfUrl(word) : idSegment(basename(word, extname(word)))) ?? 'upstream',
    metadata: {
      graphql_endpoint: endpoint,
      graphql_requires_session: 'auto',
      ...(auth !== undefined && { graphql_auth: auth }),
      ...(authEnvVar !== undefined && { graphql_auth_env_var: authEnvVar }),
      ...(authHeader !== undefined && { graphql_auth_header: authHeader }),
      ...(authScheme !== undefined && { graphql_auth_scheme: authScheme }),
    },
    ...(isUrl ? {} : { schemaFile: resolve(word) }),
  };
}

/** What the endpoint of a capability offers now, under the names that its own id has. */
function again({ id, metadata }: Capability): Upstream {
  return { source: id.split('.').at(1) ?? 'upstream', metadata };
}

async function introspected(
  capability: Capability,
  caller: Caller,
  signal: AbortSignal,
  { ask }: DiscoverContext,
): Promise<GraphQLSchema> {
  const schema = await introspect(ask(capability, caller, signal));
  if (schema !== undefined) return schema;
  throw new CapstanError(
    'UPSTREAM_ERROR',
    `${capability.id}: the endpoint does not answer introspection with a schema. Import the file of its schema, with --endpoint.`,
    { retryable: false },
  );
}

/** Enough of a capability to ask for; it is never called. */
function toConnect({ source, metadata }: Upstream): Capability {
  return {
    id: `graphql.${source}`,
    kind: 'tool',
    effect: 'read',
    publish: false,
    provider: 'graphql',
    metadata: { graphql_document: '{ __typename }', ...metadata },
    source: { file: join(process.cwd(), `${source}.yaml`), line: 1, column: 1 },
  };
}

function asInputProblem(error: unknown): never {
  if (!CapstanError.isInstance(error)) throw error;
  throw new CapstanError('INPUT_INVALID', error.message, { cause: error, details: error.details });
}

const hostWords = new Set(['api', 'app', 'graphql', 'gateway', 'www']);

/** Of `https://api.example.com/graphql`, `example`. Undefined for addresses that are numbers or this machine. */
function nameOfUrl(text: string): string | undefined {
  const hostname = URL.canParse(text) ? new URL(text).hostname.toLowerCase() : '';
  const labels = hostname.split('.');
  if (labels.length < 2 || /^[\d.]+$/.test(hostname) || hostname.startsWith('[')) return undefined;
  const known = labels.slice(0, -1).filter((label) => !hostWords.has(label));
  return idSegment(known.at(-1) ?? labels.at(-2) ?? '');
}

function idSegment(text: string): string | undefined {
  const segment = text.replaceAll(/[^A-Za-z0-9_]+/g, '_').replaceAll(/^_+|_+$/g, '');
  return segment === '' ? undefined : segment;
}

function refused(message: string): CapstanError {
  return new CapstanError('INPUT_INVALID', message);
}
