import type {
  Completes,
  Completion,
  ErrorVerdict,
  InputRequest,
  Invocation,
  JsonObject,
  ProviderPlugin,
  ProviderResult,
  RunsTasks,
  TaskHandle,
  TaskReference,
  TaskStatus,
} from '@capstan/provider';
import { createRuntime, type Runtime, type RuntimeEvent, type RuntimeOptions } from '@capstan/runtime';
import type { KilnServer } from './kiln-server.ts';

interface KilnSession {
  readonly session: string;
}

class KilnRefusal extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`The kiln answered ${status}.`);
    this.status = status;
  }
}

interface FireAnswer extends Omit<ProviderResult, 'isError'> {
  readonly ask?: InputRequest;
  readonly state?: string;
}

async function post(
  { metadata }: Invocation['capability'],
  path: string,
  { body = {}, signal, session }: { body?: object; signal: AbortSignal; session: KilnSession | undefined },
): Promise<unknown> {
  const response = await fetch(`${String(metadata['kiln_url'])}${path}`, {
    method: 'POST',
    headers: { ...(session && { 'x-session': session.session }) },
    body: JSON.stringify(body),
    signal,
  });
  if (!response.ok) throw new KilnRefusal(response.status);
  return await response.json();
}

async function fire(session: KilnSession | undefined, invocation: Invocation): Promise<ProviderResult> {
  const { capability, input, signal, resume, inputMode, onInputRequired, clientCapabilities } = invocation;
  const ask = async (more: object): Promise<FireAnswer> =>
    (await post(capability, '/fire', { body: { input, ...more }, signal, session })) as FireAnswer;
  invocation.onProgress?.({ progress: 1 });
  invocation.onLog?.({ level: 'info', data: clientCapabilities ?? null });
  const { ask: request, state = '', ...answer } = await ask({ ...(resume && { resume }) });
  if (request === undefined) return { ...answer, output: answer.output ?? null, isError: false };
  if (inputMode === 'return') {
    return { output: null, isError: false, inputRequired: { requests: { glaze: request }, state } };
  }
  const { ask: _again, ...second } = await ask({ answer: (await onInputRequired?.(request)) ?? 'declined' });
  return { output: second.output ?? null, isError: false };
}

const task = async (
  { capability, id, state }: TaskReference,
  action: string,
  request: { body?: JsonObject; signal: AbortSignal; session: KilnSession | undefined },
): Promise<TaskStatus> => {
  const body = { ...request.body, shelf: state?.['shelf'] ?? null };
  return (await post(capability, `/tasks/${id}${action}`, { ...request, body })) as TaskStatus;
};

/** A provider plugin for `KilnServer`, with every ability that the runtime finds by its members. */
function kilnProvider(): ProviderPlugin<KilnSession> & Completes<KilnSession> & RunsTasks<KilnSession> {
  return {
    prefix: 'kiln',
    metadataSchema: {
      type: 'object',
      properties: {
        kiln_url: { type: 'string' },
        kiln_requires_session: { enum: ['auto', true, false], default: 'auto' },
      },
    },
    sessionKey: ({ metadata }) => ({ upstream: [String(metadata['kiln_url'])], identity: { kind: 'none' } }),
    async initializeSession({ capability, signal }) {
      return (await post(capability, '/sessions', { signal, session: undefined })) as KilnSession;
    },
    async terminateSession() {},
    executeWithSession: fire,
    execute: (invocation) => fire(undefined, invocation),
    classifyError(error): ErrorVerdict {
      if (!(error instanceof KilnRefusal)) return { kind: 'transient', sent: true };
      if (error.status === 404) return { kind: 'session-lost', sent: false };
      return { kind: error.status >= 500 ? 'transient' : 'caller', sent: true };
    },
    async complete(session, { capability, argument, context, signal }) {
      const body = { argument: argument.name, typed: argument.value, ...(context && { context }) };
      return (await post(capability, '/glazes', { body, signal, session })) as Completion;
    },
    getTask: (session, reference, signal) => task(reference, '', { signal, session }),
    updateTask: (session, reference, responses, signal) =>
      task(reference, '/answers', { body: { responses }, signal, session }),
    cancelTask: (session, reference, signal) => task(reference, '/stop', { signal, session }),
  };
}

export const kilnHandle: TaskHandle = { id: 'pot-1', state: { shelf: 3 } };

/** A runtime over the kiln, with `kiln.fire` in a session and `kiln.alone` without, both `once`, and its events. */
export async function kilnRuntime(
  server: KilnServer,
  { metadata = {}, ...options }: Partial<RuntimeOptions> & { readonly metadata?: Record<string, string | number> } = {},
): Promise<{ runtime: Runtime; events: RuntimeEvent[] }> {
  const runtime = await createRuntime({
    manifests: [
      { id: 'kiln.fire', effect: 'once', metadata: { kiln_url: server.url, ...metadata } },
      {
        id: 'kiln.alone',
        effect: 'once',
        metadata: { kiln_url: server.url, kiln_requires_session: false, ...metadata },
      },
    ],
    providers: [kilnProvider()],
    environment: {},
    ...options,
  });
  const events: RuntimeEvent[] = [];
  runtime.marketplace.events.on((event) => events.push(event));
  return { runtime, events };
}
