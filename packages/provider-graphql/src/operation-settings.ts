import { dirname, resolve } from 'node:path';
import type { Capability } from '@capstan/provider';
import { checkHeader } from './header-template.ts';
import { invalid, oneOf, text } from './metadata-values.ts';

/** What a capability says of its operation, before any file is read. */
export interface OperationSettings {
  readonly document: { readonly inline: string } | { readonly file: string };
  readonly operationName: string | undefined;
  /** Absolute. */
  readonly schemaFile: string | undefined;
  readonly resultPath: readonly string[];
  readonly errorPolicy: 'none' | 'all' | 'ignore';
  readonly outputValidation: 'off' | 'warn' | 'strict';
  readonly idempotencyHeader: string | undefined;
  readonly idempotencyVariable: string | undefined;
}

/** Throws `MANIFEST_INVALID`. */
export function parseSettings(capability: Capability): OperationSettings {
  const inline = text(capability, 'graphql_document');
  const file = text(capability, 'graphql_document_file');
  if ((inline === undefined) === (file === undefined))
    throw invalid(capability, 'say exactly one of graphql_document and graphql_document_file');
  const folder = dirname(capability.source.file);
  const schema = text(capability, 'graphql_schema');
  const resultPath = text(capability, 'graphql_result_path');
  const errorPolicy = oneOf(capability, 'graphql_error_policy', ['none', 'all', 'ignore']);
  if (errorPolicy === 'all' && resultPath !== undefined)
    throw invalid(capability, 'graphql_error_policy: all answers with { data, errors }: delete graphql_result_path');
  const idempotencyHeader = text(capability, 'graphql_idempotency_header');
  checkHeader(capability, 'graphql_idempotency_header', idempotencyHeader ?? '');
  const idempotencyVariable = text(capability, 'graphql_idempotency_variable');
  if (capability.effect === 'keyed' && idempotencyHeader === undefined && idempotencyVariable === undefined)
    throw invalid(
      capability,
      'effect: keyed needs a place for the key: graphql_idempotency_header or graphql_idempotency_variable',
    );
  return {
    document: file === undefined ? { inline: inline ?? '' } : { file: resolve(folder, file) },
    operationName: text(capability, 'graphql_operation_name'),
    schemaFile: schema === undefined ? undefined : resolve(folder, schema),
    resultPath: resultPath?.split('.') ?? [],
    errorPolicy,
    outputValidation: oneOf(capability, 'graphql_output_validation', ['warn', 'off', 'strict']),
    idempotencyHeader,
    idempotencyVariable,
  };
}
