import {
  type Caller,
  type Capability,
  CapstanError,
  type Completes,
  type Completion,
  type ErrorVerdict,
  type JsonObject,
  type ProviderHost,
  type ProviderPlugin,
  type RunsTasks,
  type TaskReference,
  type TaskStatus,
} from '@capstan/provider';

interface ParrotSession {
  readonly url: string;
  readonly id: string;
}

export class ParrotRefusal extends CapstanError {
  readonly status: number;

  constructor(status: number) {
    super('UPSTREAM_ERROR', `The parrot answered ${status}.`);
    this.status = status;
  }
}

export interface ParrotRequest {
  readonly capability: Capability;
  readonly caller: Caller;
  readonly url: string;
  readonly method?: string;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

export function parrotUrl({ metadata }: Capability): string {
  return String(metadata['parrot_url']);
}

export async function tokenOf(
  host: ProviderHost,
  { capability, caller }: Pick<ParrotRequest, 'capability' | 'caller'>,
) {
  const variable = String(capability.metadata['parrot_auth_env_var']);
  const token = await host.secrets.read(variable, { capability, caller });
  if (token === undefined) throw new CapstanError('UNAUTHORIZED', `Set the variable ${variable}.`);
  return token;
}

export async function ask(host: ProviderHost, request: ParrotRequest): Promise<JsonObject> {
  const { url, method = 'POST', body, signal } = request;
  const authorization = `Bearer ${await tokenOf(host, request)}`;
  const response = await fetch(url, {
    method,
    headers: { authorization },
    ...(body !== undefined && { body }),
    ...(signal !== undefined && { signal }),
  });
  if (!response.ok) throw new ParrotRefusal(response.status);
  return (await response.json()) as JsonObject;
}

type OwnSession = ParrotSession & Pick<ParrotRequest, 'capability' | 'caller'>;

/** A plugin that keeps the contract, with all abilities that a contract knows. It ends its sessions on behalf of whoever opened them. */
export function parrotProvider(
  host: ProviderHost,
): ProviderPlugin<OwnSession> & Completes<OwnSession> & RunsTasks<OwnSession> {
  const taskAt = async (
    session: OwnSession | undefined,
    { capability, caller, id }: TaskReference,
    body: JsonObject,
    signal: AbortSignal,
  ): Promise<TaskStatus> => {
    const url = `${session?.url ?? ''}/sessions/${session?.id ?? ''}/tasks/${id}`;
    return (await ask(host, { capability, caller, url, body: JSON.stringify(body), signal })) as unknown as TaskStatus;
  };
  return {
    prefix: 'parrot',
    metadataSchema: {
      type: 'object',
      properties: {
        parrot_url: { type: 'string', description: 'Where the parrot listens.' },
        parrot_auth_env_var: { type: 'string', description: 'The variable that holds its token.' },
        parrot_requires_session: { enum: ['auto', true], description: 'It listens on a session only.' },
      },
    },
    sessionKey: ({ metadata }) => ({
      upstream: [String(metadata['parrot_url'])],
      identity: { kind: 'static', envVars: [String(metadata['parrot_auth_env_var'])] },
    }),
    async initializeSession({ capability, caller, signal }) {
      const url = parrotUrl(capability);
      const { session } = (await ask(host, { capability, caller, url: `${url}/sessions`, signal })) as {
        session: string;
      };
      return { url, id: session, capability, caller };
    },
    async executeWithSession({ url, id }, { capability, caller, input, signal }) {
      const body = JSON.stringify(input);
      const output = await ask(host, { capability, caller, url: `${url}/sessions/${id}/words`, body, signal });
      const { task } = output;
      return typeof task === 'string'
        ? { output: null, isError: false, task: { id: task } }
        : { output, isError: false };
    },
    async complete(session, { capability, caller, argument, signal }) {
      const url = `${session?.url ?? ''}/sessions/${session?.id ?? ''}/suggestions`;
      const answer = await ask(host, { capability, caller, url, body: JSON.stringify(argument), signal });
      return answer as unknown as Completion;
    },
    getTask: (session, task, signal) => taskAt(session, task, {}, signal),
    updateTask: (session, task, _responses, signal) => taskAt(session, task, {}, signal),
    cancelTask: (session, task, signal) => taskAt(session, task, { cancel: true }, signal),
    async terminateSession({ url, id, capability, caller }) {
      await ask(host, { capability, caller, url: `${url}/sessions/${id}`, method: 'DELETE' }).catch(
        (error: unknown) => {
          if (!(error instanceof ParrotRefusal && error.status === 404)) throw error;
        },
      );
    },
    execute: () => Promise.reject(new CapstanError('SESSION_UNAVAILABLE', 'A parrot listens on a session only.')),
    classifyError(error): ErrorVerdict {
      if (error instanceof ParrotRefusal) return verdictOn(error.status);
      if (CapstanError.isInstance(error)) return { kind: 'caller', sent: false };
      const code = error instanceof TypeError && (error.cause as { code?: unknown } | undefined)?.code;
      return { kind: 'transient', sent: code !== 'ECONNREFUSED' };
    },
  };
}

function verdictOn(status: number): ErrorVerdict {
  if (status === 404) return { kind: 'session-lost', sent: false };
  if (status === 401) return { kind: 'unauthorized', sent: false };
  return { kind: status >= 500 ? 'transient' : 'caller', sent: true };
}
