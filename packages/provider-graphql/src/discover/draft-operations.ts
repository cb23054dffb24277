import type { ManifestDraft } from '@capstan/provider';
import {
  getNamedType,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLSchema,
  lexicographicSortSchema,
  parse,
  print,
  validate,
} from 'graphql';
import { inputSchema } from './input-schema.ts';
import { isConnection, selectFields } from './select-fields.ts';

type Draft = Pick<ManifestDraft, 'capability' | 'notes'>;

/** A root field, and the draft of an operation that calls it alone. */
export interface DraftedField {
  readonly field: string;
  readonly type: 'query' | 'mutation';
  readonly draft: Draft;
}

export interface DraftedFields {
  readonly fields: readonly DraftedField[];
  /** Names and reasons of what could not be drafted. */
  readonly dropped: readonly string[];
}

/** How many nodes of a connection are asked for: services demand a number, though their schemas do not. */
const pageSize = 20;

/** A draft for each query and each mutation, sorted by name: the same schema always gives the same drafts. */
export function draftOperations(given: GraphQLSchema, source: string): DraftedFields {
  const schema = lexicographicSortSchema(given);
  const queries = schema.getQueryType()?.getFields() ?? {};
  const mutations = schema.getMutationType()?.getFields() ?? {};
  const fields: DraftedField[] = [];
  const dropped: string[] = [];
  for (const [type, roots] of [
    ['query', queries],
    ['mutation', mutations],
  ] as const)
    for (const field of Object.values(roots)) {
      const { name } = field;
      const document = parse(operationText(type, field));
      const [problem] = validate(schema, document);
      const isInBoth = Object.hasOwn(queries, name) && Object.hasOwn(mutations, name);
      const id = ['graphql', source, ...(isInBoth ? [type] : []), name].join('.');
      if (problem === undefined) fields.push({ field: name, type, draft: draftOf(type, field, id, print(document)) });
      else dropped.push(`${name}: ${problem.message}`);
    }
  return { fields, dropped };
}

function draftOf(
  type: DraftedField['type'],
  field: GraphQLField<unknown, unknown>,
  id: string,
  document: string,
): Draft {
  const { name, description, args, deprecationReason } = field;
  return {
    capability: {
      id,
      kind: 'tool',
      ...(description && { description }),
      ...(deprecationReason && { tags: ['deprecated'] }),
      effect: type === 'query' ? 'read' : 'once',
      // Catalogs are large: what is served is chosen.
      publish: false,
      input: inputSchema(args),
      metadata: { graphql_document: document, graphql_result_path: name },
    },
    notes: deprecationReason ? [`deprecated: ${deprecationReason}`] : [],
  };
}

function operationText(operation: DraftedField['type'], field: GraphQLField<unknown, unknown>): string {
  const { name, args, type } = field;
  const result = getNamedType(type);
  const isPaged = isConnection(result);
  const variables = args.map((arg) => `$${arg.name}: ${String(arg.type)}${defaultOf(arg, isPaged)}`);
  const passed = args.map((arg) => `${arg.name}: $${arg.name}`);
  const listed = (items: readonly string[]): string => (items.length === 0 ? '' : `(${items.join(', ')})`);
  const title = name.charAt(0).toUpperCase() + name.slice(1);
  return `${operation} ${title}${listed(variables)} { ${name}${listed(passed)}${selectFields(result)} }`;
}

/** A variable that is not given leaves an argument to its own default; only `first` gets one where it has none. */
function defaultOf({ name, type, defaultValue }: GraphQLArgument, isPaged: boolean): string {
  return isPaged && name === 'first' && String(type) === 'Int' && defaultValue === undefined ? ` = ${pageSize}` : '';
}
