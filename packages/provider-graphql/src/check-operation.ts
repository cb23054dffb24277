import type { Effect } from '@capstan/provider';
import { type ASTNode, type GraphQLSchema, validate, visit } from 'graphql';
import type { SelectedOperation } from './select-operation.ts';

/** What is wrong with an operation, and the node where it is. */
export interface OperationProblem {
  readonly problem: string;
  readonly node?: ASTNode;
}

/** What can be said of an operation without calling it; more with the upstream's schema. */
export function operationProblems(
  { document, operation, fragments }: SelectedOperation,
  effect: Effect,
  schema: GraphQLSchema | undefined,
): readonly OperationProblem[] {
  const problems: OperationProblem[] = [];
  const report = (problem: string, node: ASTNode): void => void problems.push({ problem, node });
  if (operation.operation === 'subscription') report('a subscription cannot be called over HTTP POST', operation);
  if (operation.operation === 'mutation' && effect === 'read')
    report('a mutation cannot have effect: read; say idempotent, keyed or once', operation);
  visit(document, {
    Directive(node) {
      if (node.name.value === 'defer' || node.name.value === 'stream')
        report(`@${node.name.value} is not supported: take it out`, node);
    },
    FragmentSpread(node) {
      if (schema === undefined && !fragments.has(node.name.value))
        report(`the fragment ${node.name.value} is not defined`, node);
    },
  });
  if (schema !== undefined)
    for (const error of validate(schema, document)) {
      const [node] = error.nodes ?? [];
      const problem = error.message.replace(/\.$/, '');
      problems.push(node === undefined ? { problem } : { problem, node });
    }
  return problems;
}
