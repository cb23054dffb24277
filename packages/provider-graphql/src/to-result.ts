import type { Capability, JsonObject, ProviderResult } from '@capstan/provider';
import type { GraphqlBody, GraphqlError } from './graphql-transport.ts';
import type { OperationSettings } from './operation-settings.ts';
import { UpstreamError } from './upstream-error.ts';
import { valueAt } from './result-path.ts';

/** What a response is to the caller, by `graphql_error_policy`. Throws `OUTPUT_INVALID` where the path of the result leads nowhere. */
export function toResult(
  { data = null, errors }: GraphqlBody,
  { errorPolicy, resultPath }: Pick<OperationSettings, 'errorPolicy' | 'resultPath'>,
  capability: Capability,
): ProviderResult {
  if (errorPolicy === 'all') return { output: { data, errors: (errors ?? []).map(shown) }, isError: false };
  if (errors !== undefined && errorPolicy === 'none')
    return {
      output: { data, errors: errors.map(shown) },
      content: [{ type: 'text', text: errors.map(inWords).join('\n') }],
      isError: true,
    };
  const output = valueAt(data, resultPath);
  if (output !== undefined) return { output, isError: false };
  throw new UpstreamError(
    'OUTPUT_INVALID',
    `The answer of ${capability.id} has nothing at ${resultPath.join('.')}. Correct graphql_result_path; a list wants a number there.`,
    { kind: 'caller', sent: true },
    { details: { capability: capability.id, path: resultPath } },
  );
}

function shown({ message, path, code }: GraphqlError): JsonObject {
  return { message, ...(path && { path }), ...(code !== undefined && { code }) };
}

function inWords({ message, path, code }: GraphqlError): string {
  const where = [...(path ? [`at ${path.join('.')}`] : []), ...(code === undefined ? [] : [code])].join(', ');
  return where === '' ? message : `${message} (${where})`;
}
