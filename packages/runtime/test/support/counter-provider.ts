import {
  CapstanError,
  type ErrorVerdict,
  type Invocation,
  type JsonObject,
  type ProviderHost,
  type ProviderPlugin,
  type ProviderResult,
} from '@capstan/provider';

interface CounterSession {
  readonly url: string;
  readonly id: string;
}

/** An answer of the server that is not a result. */
class CounterRefusal extends Error {
  readonly status: number;
  readonly retryAfterMs: number | undefined;

  constructor(response: Response, url: string) {
    super(`${url} answered ${response.status}`);
    this.status = response.status;
    const after = response.headers.get('retry-after');
    this.retryAfterMs = after === null ? undefined : Number(after) * 1000;
  }
}

export interface CounterProviderOptions {
  /** Seen each time the plugin is asked to renew credentials. */
  readonly onRefresh?: () => Promise<void>;
}

/** A provider plugin for `CounterServer`. */
export function counterProvider(
  options: CounterProviderOptions = {},
): (host: ProviderHost) => ProviderPlugin<CounterSession> {
  return (host) => {
    const request = async (
      { capability, caller, idempotencyKey }: Pick<Invocation, 'capability' | 'caller' | 'idempotencyKey'>,
      path: string,
      init: RequestInit,
    ): Promise<Response> => {
      const url = String(capability.metadata['counter_server_url']);
      const variable = capability.metadata['counter_auth_env_var'];
      const token =
        typeof variable === 'string' ? await host.secrets.read(variable, { caller, capability }) : undefined;
      if (typeof variable === 'string' && token === undefined) {
        throw new CapstanError('UNAUTHORIZED', `Set the environment variable ${variable}.`);
      }
      const headers: Record<string, string> = {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
      };
      const response = await fetch(`${url}${path}`, { ...init, headers });
      if (!response.ok) throw new CounterRefusal(response, url);
      return response;
    };
    const call = async (invocation: Invocation, path: string): Promise<ProviderResult> => {
      const { input, signal } = invocation;
      const response = await request(invocation, path, { method: 'POST', body: JSON.stringify(input), signal });
      return { output: (await response.json()) as JsonObject, isError: false };
    };
    return {
      prefix: 'counter',
      metadataSchema: {
        type: 'object',
        properties: {
          counter_server_url: { type: 'string', description: 'Where the counter server listens.' },
          counter_requires_session: { enum: ['auto', 'true', 'false', true, false], default: 'auto' },
          counter_auth_env_var: { type: 'string' },
          counter_step: { type: 'integer', description: 'How far each call counts.' },
        },
        required: ['counter_server_url'],
        additionalProperties: false,
      },
      sessionKey: ({ metadata }) => ({
        upstream: [String(metadata['counter_server_url'])],
        identity:
          metadata['counter_auth_env_var'] === undefined
            ? { kind: 'none' }
            : { kind: 'static', envVars: [String(metadata['counter_auth_env_var'])] },
      }),
      async initializeSession({ capability, caller, signal }) {
        const response = await request({ capability, caller }, '/sessions', { method: 'POST', signal });
        const { id } = (await response.json()) as { id: string };
        return { url: String(capability.metadata['counter_server_url']), id };
      },
      executeWithSession: (session, invocation) => call(invocation, `/sessions/${session.id}/calls`),
      execute: (invocation) => call(invocation, '/calls'),
      async terminateSession({ url, id }) {
        await fetch(`${url}/sessions/${id}`, { method: 'DELETE' });
      },
      ...(options.onRefresh !== undefined && { refreshSession: options.onRefresh }),
      classifyError: verdictOf,
    };
  };
}

function verdictOf(error: unknown): ErrorVerdict {
  if (!(error instanceof CounterRefusal))
    return { kind: error instanceof TypeError ? 'transient' : 'fatal', sent: false };
  const { status, retryAfterMs } = error;
  if (status === 404) return { kind: 'session-lost', sent: false };
  if (status === 401) return { kind: 'unauthorized', sent: false };
  if (status === 410) return { kind: 'session-lost', sent: true };
  if (status === 429) return { kind: 'transient', sent: false, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  return { kind: status >= 500 ? 'transient' : 'caller', sent: true };
}
