import { strikeOut } from './call-context.ts';
import type { GraphqlAnswer } from './graphql-transport.ts';

/** The answer, its errors without the secrets of the call: upstreams repeat there what was sent. Its data are the caller's, and stay. */
export function strikeAnswer(answer: GraphqlAnswer, secretValues: ReadonlySet<string>): GraphqlAnswer {
  const strike = (text: string): string => strikeOut(text, secretValues);
  const { contentType, body } = answer;
  const errors = body?.errors?.map(({ message, path, code }) => ({
    message: strike(message),
    ...(path && { path: path.map((part) => (typeof part === 'string' ? strike(part) : part)) }),
    ...(code !== undefined && { code: strike(code) }),
  }));
  return {
    ...answer,
    contentType: contentType && strike(contentType),
    body: body && { ...body, ...(errors && { errors }) },
  };
}
