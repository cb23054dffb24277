import { type Egress, EgressError, type EgressStream } from '@capstan/http-egress';
import { GraphQLClient } from 'graphql-request';
import { graphqlBody } from './graphql-body.ts';
import type { GraphqlAnswer, GraphqlBody, GraphqlTransport } from './graphql-transport.ts';
import { isRecord } from './is-record.ts';
import { parseJson } from './parse-json.ts';

/**
 * POST through graphql-request, of which as little is used as can be: it writes the request and reads the response. Status, headers, caps and
 * redirects are dealt with by the `fetch` that it is given, so that its own errors, which hold response and variables, never come about.
 */
export function graphqlRequestTransport(
  egress: Egress,
  { url, allowInsecure }: { readonly url: URL; readonly allowInsecure: boolean },
): GraphqlTransport {
  return {
    async run({ document, operationName, variables }, { headers, maxBytes, signal }) {
      let stream: EgressStream | undefined;
      const client = new GraphQLClient(url.href, {
        errorPolicy: 'all',
        // It would parse the document at every call to find a name that is known.
        excludeOperationName: true,
        jsonSerializer: {
          stringify: (body: Readonly<Record<string, unknown>>) =>
            JSON.stringify(operationName === undefined ? body : { ...body, operationName }),
          parse: parseObject,
        },
        fetch: async (_url: unknown, init?: RequestInit) => {
          stream = await egress.request({
            url,
            trust: 'declared',
            method: 'POST',
            headers,
            body: typeof init?.body === 'string' ? init.body : '',
            maxBytes,
            signal,
            allowInsecure,
          });
          return responseOf(await jsonIn(stream));
        },
      });
      let body: GraphqlBody | undefined;
      try {
        body = graphqlBody(await client.rawRequest({ query: document, variables }));
      } catch (error) {
        // Before an answer everything is egress's own; after it, what is not is about the text of the answer.
        if (stream === undefined || signal.aborted || error instanceof EgressError) throw error;
      }
      return answerOf(stream, body);
    },
  };
}

/** The text, or an empty one where the answer does not call itself JSON. */
async function jsonIn(stream: EgressStream): Promise<string> {
  const type = stream.headers['content-type'];
  if (type === undefined || /[/+]json\b/i.test(String(type))) return await stream.text();
  stream.cancel();
  return '';
}

/** A list would be taken for the answers of a batch. */
function parseObject(text: string): unknown {
  const parsed = parseJson(text);
  if (!isRecord(parsed)) throw new SyntaxError('The answer is no JSON object.');
  return parsed;
}

/** All that graphql-request looks at. A refusal is read like any other answer: its status is judged later. */
function responseOf(text: string): Response {
  const response = { ok: true, status: 200, headers: jsonHeaders, text: async () => text };
  return response as unknown as Response;
}

const jsonHeaders = Object.freeze({ get: () => 'application/json' });

function answerOf(stream: EgressStream | undefined, body: GraphqlBody | undefined): GraphqlAnswer {
  const { status = 0, headers = {} } = stream ?? {};
  const first = (name: string): string | undefined => [headers[name] ?? []].flat()[0];
  return { status, contentType: first('content-type'), retryAfter: first('retry-after'), body };
}
