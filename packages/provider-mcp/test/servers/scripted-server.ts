import { listen, readBody } from './http-listener.ts';

export interface ScriptedRequest {
  readonly httpMethod: string;
  readonly path: string;
  readonly rpcMethod: string | undefined;
  readonly id: unknown;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface ScriptedAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface ScriptedServer extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly ScriptedRequest[];
  close(): Promise<void>;
}

/** A server that answers as told: for answers that no real server of ours gives. `hang` never answers, `reset` cuts the connection. */
export async function startScriptedServer(
  answer: (request: ScriptedRequest) => ScriptedAnswer | 'hang' | 'reset',
): Promise<ScriptedServer> {
  const requests: ScriptedRequest[] = [];
  const listener = await listen(async (request, response) => {
    const body = await readBody(request);
    const message = (body === '' ? {} : JSON.parse(body)) as { readonly method?: string; readonly id?: unknown };
    const seen: ScriptedRequest = {
      httpMethod: request.method ?? '',
      path: request.url ?? '',
      rpcMethod: message.method,
      id: message.id,
      headers: request.headers,
      body,
    };
    requests.push(seen);
    const told = answer(seen);
    if (told === 'hang') return;
    if (told === 'reset') {
      request.socket.resetAndDestroy();
      return;
    }
    response.writeHead(told.status, told.headers).end(told.body);
  });
  return {
    url: `${listener.origin}/mcp`,
    requests,
    close: listener.close,
    [Symbol.asyncDispose]: () => listener.close(),
  };
}

export function jsonAnswer(body: unknown, status = 200): ScriptedAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

/** What a legacy server without sessions answers: enough to shake hands and to call. */
export function legacyAnswer({ rpcMethod, id }: ScriptedRequest): ScriptedAnswer {
  if (rpcMethod === 'initialize')
    return jsonAnswer({
      jsonrpc: '2.0',
      id,
      result: {
        protocolVersion: '2025-06-18',
        capabilities: { tools: {} },
        serverInfo: { name: 'scripted', version: '1' },
      },
    });
  if (rpcMethod === 'tools/call')
    return jsonAnswer({ jsonrpc: '2.0', id, result: { content: [{ type: 'text', text: 'scripted' }] } });
  return { status: 202 };
}
