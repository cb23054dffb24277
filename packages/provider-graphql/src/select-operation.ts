import {
  type DocumentNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  separateOperations,
} from 'graphql';

/** One operation and the fragments that it uses, nothing else. */
export interface SelectedOperation {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
}

/** The operation of that name, or the only one. A text: why there is none. */
export function selectOperation(document: DocumentNode, name: string | undefined): SelectedOperation | string {
  const operations = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  const names = operations.map((operation) => operation.name?.value ?? '(unnamed)');
  const twice = names.find((each, index) => names.indexOf(each) !== index);
  if (twice !== undefined) return `the document has several operations called ${twice}`;
  if (operations.length === 0) return 'the document has no operation';
  if (name === undefined && operations.length > 1)
    return `the document has several operations: name one of ${names.join(', ')} in graphql_operation_name`;
  const operation = operations.find((each) => name === undefined || each.name?.value === name);
  if (operation === undefined)
    return `graphql_operation_name is ${name}, and the document has only ${names.join(', ')}`;
  const reduced = separateOperations(document)[operation.name?.value ?? ''] ?? document;
  const fragments = reduced.definitions.filter((definition) => definition.kind === Kind.FRAGMENT_DEFINITION);
  return {
    document: reduced,
    operation,
    fragments: new Map(fragments.map((fragment) => [fragment.name.value, fragment])),
  };
}
