import type { JsonObject } from '@capstan/provider';

/** An operation as it is sent, checked. */
export interface LoadedOperation {
  /** The operation and the fragments that it uses. */
  readonly document: string;
  readonly name?: string;
  readonly type: 'query' | 'mutation';
  readonly variables: readonly { readonly name: string; readonly isRequired: boolean }[];
  /** What does not fit the types of the schema; nothing where there is no schema. */
  readonly variableProblems: (values: JsonObject) => readonly string[];
}
