import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Capability, InputRequest, Invocation, JsonObject, Metadata } from '@capstan/provider';
import { capabilityOf, createHarness, failureOf, invocationOf, jsonIn, type Harness } from './harness.ts';
import { createInteractiveLegacyServer, createInteractiveModernServer } from './servers/interactive-servers.ts';
import { serveLegacy } from './servers/serve-legacy.ts';
import { serveModern } from './servers/serve-modern.ts';

interface Place extends AsyncDisposable {
  readonly metadata: Metadata;
}

const script = fileURLToPath(new URL('./servers/interactive-stdio.ts', import.meta.url));

async function onHttp(served: Promise<{ readonly url: string; readonly close: () => Promise<void> }>): Promise<Place> {
  const { url, close } = await served;
  return { metadata: { mcp_server_url: url }, [Symbol.asyncDispose]: close };
}

async function onStdio(era: string): Promise<Place> {
  const mcp_args = ['--conditions=capstan-source', script, era].join('\n');
  return {
    metadata: { mcp_command: process.execPath, mcp_args },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

const places: readonly (readonly [name: string, era: 'legacy' | 'modern', start: () => Promise<Place>])[] = [
  ['HTTP, legacy', 'legacy', () => onHttp(serveLegacy(createInteractiveLegacyServer))],
  ['HTTP, modern', 'modern', () => onHttp(serveModern(createInteractiveModernServer))],
  ['stdio, legacy', 'legacy', () => onStdio('legacy')],
  ['stdio, modern', 'modern', () => onStdio('modern')],
];
const source = { file: fileURLToPath(import.meta.url), line: 1, column: 1 };
const all = 'elicitation sampling roots';

function toolOf({ metadata }: Place, tool: string, era: string): Capability {
  return capabilityOf(
    { ...metadata, mcp_tool_name: tool, mcp_client_capabilities: all, mcp_protocol: era },
    { source, effect: 'once' },
  );
}

async function callIn(
  { plugin, open }: Harness,
  capability: Capability,
  other: Partial<Invocation> = {},
  input: JsonObject = { of: 'me' },
): Promise<unknown> {
  const session = await open(capability);
  try {
    const { output } = await plugin.executeWithSession(session, invocationOf(capability, input, other));
    return jsonIn(output);
  } finally {
    await plugin.terminateSession(session, 'idle');
  }
}

describe.each(places)('over %s', (_, era, start) => {
  test('sixteen questions at once on one session each reach their own caller', { timeout: 30_000 }, async () => {
    await using place = await start();
    const { plugin, open } = createHarness();
    const capability = toolOf(place, 'ask', era);
    const session = await open(capability);
    const callers = Array.from({ length: 16 }, (_each, index) => `caller ${index}`);
    const heard = new Map<string, unknown>();
    const answers = await Promise.all(
      callers.map(async (of) => {
        const onInputRequired = async ({ kind, params }: InputRequest): Promise<JsonObject> => {
          heard.set(of, params['message']);
          expect(kind).toBe('elicitation');
          return { action: 'accept', content: { name: `name of ${of}` } };
        };
        const { output } = await plugin.executeWithSession(
          session,
          invocationOf(capability, { of }, { onInputRequired }),
        );
        return jsonIn(output);
      }),
    );
    expect(answers).toEqual(
      // What was left out has the default of the form.
      callers.map((of) => ({
        of,
        answer: { action: 'accept', content: { greeting: 'Hello', name: `name of ${of}` } },
      })),
    );
    expect(heard).toEqual(new Map(callers.map((of) => [of, `Your name, ${of}?`])));
    await plugin.terminateSession(session, 'idle');
  });

  test('a question is declined where nobody answers, and where whoever should fails', async () => {
    await using place = await start();
    const harness = createHarness();
    const capability = toolOf(place, 'ask', era);
    const declined = { of: 'me', answer: { action: 'decline' } };
    expect(await callIn(harness, capability)).toEqual(declined);
    const onInputRequired = () => Promise.reject(new Error('not now'));
    expect(await callIn(harness, capability, { onInputRequired })).toEqual(declined);
  });

  test('a person is sent to a URL', async () => {
    await using place = await start();
    const asked: InputRequest[] = [];
    const answer = await callIn(createHarness(), toolOf(place, 'ask_url', era), {
      onInputRequired: async (request) => {
        asked.push(request);
        return { action: 'accept' };
      },
    });
    expect(answer).toEqual({ action: 'accept' });
    expect(asked).toMatchObject([
      { kind: 'elicitation', params: { mode: 'url', url: 'https://confirm.example/visit-1' } },
    ]);
  });

  test('samples and roots are the caller’s', async () => {
    await using place = await start();
    const harness = createHarness();
    const asked: string[] = [];
    const sample = { role: 'assistant', content: { type: 'text', text: 'thought' }, model: 'mine' };
    const roots = { roots: [{ uri: 'file:///work', name: 'work' }] };
    const onInputRequired = async ({ kind }: InputRequest): Promise<JsonObject> => {
      asked.push(kind);
      return kind === 'sampling' ? sample : roots;
    };
    expect(await callIn(harness, toolOf(place, 'ask_sampling', era), { onInputRequired })).toEqual(sample);
    expect(await callIn(harness, toolOf(place, 'ask_roots', era), { onInputRequired })).toEqual(roots);
    expect(asked).toEqual(['sampling', 'roots']);
  });

  test('without anybody to answer there are no roots', async () => {
    await using place = await start();
    expect(await callIn(createHarness(), toolOf(place, 'ask_roots', era))).toEqual({ roots: [] });
  });
});

test.each(places.filter(([, era]) => era === 'legacy'))(
  'a server over %s gets a refusal where nobody samples',
  async (_, era, start) => {
    await using place = await start();
    expect(await callIn(createHarness(), toolOf(place, 'ask_sampling', era))).toEqual({ refused: -1 });
  },
);

test.each(places.filter(([, era]) => era === 'modern'))(
  'a call over %s that needs a sample fails where nobody samples',
  async (_, era, start) => {
    await using place = await start();
    const harness = createHarness();
    const { error, verdict } = await failureOf(harness.plugin, callIn(harness, toolOf(place, 'ask_sampling', era)));
    expect(error).toMatchObject({ code: 'UPSTREAM_ERROR', retryable: false });
    expect(verdict).toEqual({ kind: 'caller', sent: true });
  },
);

test('on a legacy stdio session who may be asked waits for the others, and may give up: nothing was sent then', async () => {
  await using place = await onStdio('legacy');
  const { plugin, open } = createHarness();
  const ask = toolOf(place, 'ask', 'legacy');
  const session = await open(ask);
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<JsonObject>();
  const first = plugin.executeWithSession(
    session,
    invocationOf(
      ask,
      { of: 'first' },
      {
        onInputRequired: () => {
          asked.resolve();
          return answer.promise;
        },
      },
    ),
  );
  await asked.promise;
  const caller = new AbortController();
  const onInputRequired = () => Promise.reject(new Error('never asked'));
  const second = plugin.executeWithSession(
    session,
    invocationOf(ask, { of: 'second' }, { onInputRequired, signal: caller.signal }),
  );
  const failing = failureOf(plugin, second);
  caller.abort(new Error('enough'));
  const { error, verdict } = await failing;
  expect([error.code, verdict]).toEqual(['CANCELLED', { kind: 'caller', sent: false }]);
  answer.resolve({ action: 'cancel' });
  expect(jsonIn((await first).output)).toEqual({ of: 'first', answer: { action: 'cancel' } });
  await plugin.terminateSession(session, 'idle');
});

test('a legacy server that asks for what it was not told of is refused', async () => {
  await using server = await serveLegacy(createInteractiveLegacyServer);
  const capability = capabilityOf({ mcp_server_url: server.url, mcp_tool_name: 'ask_roots' });
  const onInputRequired = async (): Promise<JsonObject> => ({ roots: [{ uri: 'file:///secret' }] });
  expect(await callIn(createHarness(), capability, { onInputRequired })).toEqual({ refused: -32601 });
});

describe('a call that returns what it needs', () => {
  test('comes back with the question, and goes on with the answer and the very same state', async () => {
    await using server = await serveModern(createInteractiveModernServer);
    const { plugin, open } = createHarness();
    const capability = capabilityOf({ mcp_server_url: server.url, mcp_tool_name: 'ask' });
    const first = await plugin.executeWithSession(
      await open(capability),
      invocationOf(capability, { of: 'Zoë' }, { inputMode: 'return' }),
    );
    const state = 'state of Zoë ✓';
    expect(first).toMatchObject({
      output: null,
      isError: false,
      inputRequired: { requests: { question: { kind: 'elicitation', params: { message: 'Your name, Zoë?' } } }, state },
    });
    // Another session: nothing is parked.
    const resume = { state, responses: { question: { action: 'accept', content: { name: 'Z' } } } };
    const second = await plugin.executeWithSession(
      await open(capability),
      invocationOf(capability, { of: 'Zoë' }, { inputMode: 'return', resume }),
    );
    expect(jsonIn(second.output)).toEqual({ of: 'Zoë', answer: resume.responses.question });
  });

  test('of a legacy server that refuses until a person was elsewhere comes back with the URL', async () => {
    const gate = { done: new Set<string>(), refusals: 0 };
    await using server = await serveLegacy(() => createInteractiveLegacyServer(gate));
    const { plugin, open } = createHarness();
    const capability = capabilityOf({ mcp_server_url: server.url, mcp_tool_name: 'gate' });
    const session = await open(capability);
    const invocation = invocationOf(capability, { of: 'x' }, { inputMode: 'return' });
    const first = await plugin.executeWithSession(session, invocation);
    expect(first.inputRequired).toMatchObject({
      requests: { 'gate-x': { kind: 'elicitation', params: { url: 'https://confirm.example/gate-x' } } },
      state: '',
    });
    gate.done.add('gate-x');
    const resume = { state: '', responses: { 'gate-x': { action: 'accept' } } };
    expect(await plugin.executeWithSession(session, { ...invocation, resume })).toMatchObject({
      output: '"through the gate"',
    });
  });
});

describe('a legacy server that refuses until a person was elsewhere', () => {
  async function gated() {
    const gate = { done: new Set<string>(), refusals: 0 };
    const server = await serveLegacy(() => createInteractiveLegacyServer(gate));
    const capability = capabilityOf({ mcp_server_url: server.url, mcp_tool_name: 'gate' }, { effect: 'once' });
    return { gate, server, capability, [Symbol.asyncDispose]: server.close };
  }

  test('gets the call again once the caller has been there', async () => {
    await using place = await gated();
    const { gate, capability } = place;
    const answer = await callIn(createHarness(), capability, {
      onInputRequired: async ({ params }) => {
        if (typeof params['elicitationId'] === 'string') gate.done.add(params['elicitationId']);
        return { action: 'accept' };
      },
    });
    expect([answer, gate.refusals]).toEqual(['through the gate', 1]);
  });

  test('gets it again when it says that the person is done, where consent came first', async () => {
    await using place = await gated();
    const { gate, server, capability } = place;
    const harness = createHarness();
    const calling = callIn(harness, capability, { onInputRequired: async () => ({ action: 'accept' }) });
    await expect.poll(() => gate.refusals).toBe(2);
    expect(server.seen).toContain('GET');
    gate.done.add('gate-me');
    await server.servers[0]?.notification({
      method: 'notifications/elicitation/complete',
      params: { elicitationId: 'gate-me' },
    });
    expect(await calling).toBe('through the gate');
  });

  test('keeps its refusal where the caller declines or nobody is there, and the error says where to go', async () => {
    await using place = await gated();
    const { gate, capability } = place;
    const harness = createHarness();
    for (const other of [{ onInputRequired: async () => ({ action: 'decline' }) }, {}]) {
      const { error, verdict } = await failureOf(harness.plugin, callIn(harness, capability, other));
      expect(error).toMatchObject({
        code: 'UPSTREAM_ERROR',
        retryable: false,
        details: { rpcCode: -32042, elicitations: [{ url: 'https://confirm.example/gate-me' }] },
      });
      expect(verdict).toEqual({ kind: 'caller', sent: false });
    }
    expect(gate.refusals).toBe(2);
  });
});
