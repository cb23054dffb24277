import type { Capability, JsonObject, SourceLocation } from '@capstan/provider';
import {
  type ASTNode,
  type DocumentNode,
  getLocation,
  GraphQLError,
  getVariableValues,
  Kind,
  parse,
  print,
  Source,
} from 'graphql';
import { operationProblems } from './check-operation.ts';
import type { LoadedOperation } from './loaded-operation.ts';
import { invalid, type Problem } from './metadata-values.ts';
import type { OperationSettings } from './operation-settings.ts';
import { readBoundedFile } from './read-bounded-file.ts';
import { resultPathProblem } from './result-path.ts';
import type { SchemaFiles } from './schema-files.ts';
import { selectOperation } from './select-operation.ts';

const maxDocumentBytes = 256 * 1024;
const maxTokens = 50_000;
const longestProblem = 500;

/** Reads, parses and checks the document of a capability. Rejects with `MANIFEST_INVALID`, which has every problem with its place. */
export async function loadOperation(
  capability: Capability,
  settings: OperationSettings,
  schemas: SchemaFiles,
): Promise<LoadedOperation> {
  const { document: declared, operationName, schemaFile, resultPath, idempotencyVariable } = settings;
  const file = 'file' in declared ? declared.file : undefined;
  const body =
    'file' in declared
      ? await readBoundedFile(capability, 'graphql_document_file', declared.file, maxDocumentBytes)
      : declared.inline;
  const places = new Places(capability, file);
  const selected = selectOperation(parseDocument(capability, body, places), operationName);
  if (typeof selected === 'string') throw invalid(capability, selected);
  const { operation, document } = selected;
  const schema = schemaFile === undefined ? undefined : await schemas.load(schemaFile, capability);
  const problems = operationProblems(selected, capability.effect, schema).map(({ problem, node }) =>
    places.problem(problem, node),
  );
  const pathProblem = resultPathProblem(resultPath, selected);
  if (pathProblem !== undefined) problems.push({ problem: pathProblem });
  const definitions = operation.variableDefinitions ?? [];
  const variables = definitions.map(({ variable, type, defaultValue }) => ({
    name: variable.name.value,
    isRequired: type.kind === Kind.NON_NULL_TYPE && defaultValue === undefined,
  }));
  if (idempotencyVariable !== undefined && !variables.some(({ name }) => name === idempotencyVariable))
    problems.push({
      problem: `graphql_idempotency_variable names $${idempotencyVariable}, which the operation has not`,
    });
  if (problems.length > 0) throw invalid(capability, ...problems);
  return {
    document: print(document),
    type: operation.operation === 'mutation' ? 'mutation' : 'query',
    variables,
    ...(operation.name === undefined ? {} : { name: operation.name.value }),
    variableProblems: (values: JsonObject) =>
      schema === undefined
        ? []
        : (getVariableValues(schema, definitions, values, { maxErrors: 20 }).errors ?? []).map(
            // It quotes the value, however long.
            ({ message }) => message.slice(0, longestProblem),
          ),
  };
}

function parseDocument(capability: Capability, body: string, places: Places): DocumentNode {
  try {
    return parse(new Source(body), { maxTokens });
  } catch (error) {
    // The parser calls itself for each level.
    if (error instanceof RangeError)
      throw invalid(capability, places.at('it is nested too deeply', { line: 1, column: 1 }));
    if (!(error instanceof GraphQLError)) throw error;
    throw invalid(capability, places.at(error.message.replace(/\.$/, ''), error.locations?.[0]));
  }
}

/** Where in a manifest or a document something is. */
class Places {
  readonly #capability: Capability;
  readonly #file: string | undefined;

  constructor(capability: Capability, file: string | undefined) {
    this.#capability = capability;
    this.#file = file;
  }

  problem(problem: string, node: ASTNode | undefined): Problem {
    return this.at(problem, node?.loc && getLocation(node.loc.source, node.loc.start));
  }

  /** Of a document within a manifest, the line of the capability is known and the place within the document said. */
  at(problem: string, location: Pick<SourceLocation, 'line' | 'column'> | undefined): Problem {
    if (location === undefined) return { problem };
    const { line, column } = location;
    if (this.#file !== undefined) return { problem, place: { file: this.#file, line, column } };
    return { problem: `graphql_document, line ${line}, column ${column}: ${problem}`, place: this.#capability.source };
  }
}
