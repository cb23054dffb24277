import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Capability, InputRequest, JsonObject, Metadata } from '@capstan/provider';
import { capabilityOf, createHarness, failureOf, invocationOf } from './harness.ts';
import { serveLegacy } from './servers/serve-legacy.ts';
import { serveSse } from './servers/serve-sse.ts';
import { createV1Server } from './servers/v1-server.ts';

const script = fileURLToPath(new URL('./servers/v1-stdio.ts', import.meta.url));
const source = { file: script, line: 1, column: 1 };

async function onHttp(): Promise<{ readonly metadata: Metadata } & AsyncDisposable> {
  const { url, close } = await serveLegacy(createV1Server);
  return { metadata: { mcp_server_url: url }, [Symbol.asyncDispose]: close };
}

async function onSse(): Promise<{ readonly metadata: Metadata } & AsyncDisposable> {
  const { url, close } = await serveSse(createV1Server);
  return { metadata: { mcp_server_url: url, mcp_transport: 'sse' }, [Symbol.asyncDispose]: close };
}

async function onStdio(): Promise<{ readonly metadata: Metadata } & AsyncDisposable> {
  const mcp_args = ['--conditions=capstan-source', script].join('\n');
  return {
    metadata: { mcp_command: process.execPath, mcp_args },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

describe.each([
  ['HTTP with sessions', onHttp],
  ['HTTP+SSE', onSse],
  ['stdio', onStdio],
])('a server of the first SDK over %s', (_, start) => {
  async function connect() {
    const place = await start();
    const harness = createHarness();
    const withOperation = (operation: Metadata): Capability =>
      capabilityOf({}, { metadata: { ...place.metadata, ...operation }, source });
    const tool = (name: string): Capability => withOperation({ mcp_tool_name: name });
    const session = await harness.open(tool('echo'));
    return {
      ...harness,
      session,
      tool,
      withOperation,
      call: (capability: Capability, input: JsonObject = {}, other = {}) =>
        harness.plugin.executeWithSession(session, invocationOf(capability, input, other)),
      async [Symbol.asyncDispose]() {
        await harness.plugin.terminateSession(session, 'idle');
        await place[Symbol.asyncDispose]();
      },
    };
  }

  test('calls tools, many at once', async () => {
    await using host = await connect();
    const texts = Array.from({ length: 16 }, (_each, index) => `text ${index}`);
    const answers = await Promise.all(texts.map((text) => host.call(host.tool('echo'), { text })));
    expect(answers.map(({ output }) => output)).toEqual(texts);
    expect(await host.call(host.tool('fail'))).toMatchObject({ isError: true });
    expect(await host.call(host.tool('get_me'))).toMatchObject({ output: { login: 'octocat' } });
  });

  test('reads resources and gets prompts', async () => {
    await using host = await connect();
    expect(await host.call(host.withOperation({ mcp_resource_uri: 'test://note' }))).toMatchObject({
      output: 'a note',
    });
    expect(await host.call(host.withOperation({ mcp_prompt_name: 'greet' }), { who: 'Ann' })).toMatchObject({
      content: [{ text: 'Hello Ann' }],
    });
  });

  test('hears progress', async () => {
    await using host = await connect();
    const heard: number[] = [];
    const onProgress = ({ progress }: { readonly progress: number }) => heard.push(progress);
    expect(await host.call(host.tool('slow'), { steps: 3 }, { onProgress })).toMatchObject({ output: '3 steps' });
    expect(heard).toEqual([1, 2, 3]);
  });

  test('cancels at the server, and calls on', async () => {
    await using host = await connect();
    const caller = new AbortController();
    const other = { signal: caller.signal, onProgress: () => caller.abort(new Error('enough')) };
    const { error } = await failureOf(host.plugin, host.call(host.tool('slow'), { steps: 1000 }, other));
    expect(error.code).toBe('CANCELLED');
    await expect.poll(async () => (await host.call(host.tool('cancelled'))).output).toBe('1');
  });

  test('answers what it asks', async () => {
    await using host = await connect();
    const onInputRequired = async ({ params }: InputRequest): Promise<JsonObject> => {
      expect(params['message']).toBe('Your name?');
      return { action: 'accept', content: { name: 'Ann' } };
    };
    expect(await host.call(host.tool('ask'), {}, { onInputRequired })).toMatchObject({ output: 'accept Ann' });
    expect(await host.call(host.tool('ask'))).toMatchObject({ output: 'decline undefined' });
  });
});

test('the stream of HTTP+SSE ends with the session, and its end is the end of the session', async () => {
  const server = await serveSse(createV1Server);
  const { plugin, open } = createHarness();
  const capability = capabilityOf({ mcp_server_url: server.url, mcp_transport: 'sse' });
  const first = await open(capability);
  expect(server.streams).toBe(1);
  await plugin.terminateSession(first, 'idle');
  await expect.poll(() => server.streams).toBe(0);

  const lost = Promise.withResolvers<unknown>();
  const second = await open(capability, { onLost: lost.resolve });
  const slow = capabilityOf({ mcp_server_url: server.url, mcp_transport: 'sse', mcp_tool_name: 'slow' });
  const running = Promise.withResolvers<void>();
  const onProgress = () => running.resolve();
  const calling = plugin.executeWithSession(second, invocationOf(slow, { steps: 10_000 }, { onProgress }));
  const failing = failureOf(plugin, calling);
  await running.promise;
  await server.close();
  expect((await failing).verdict).toMatchObject({ kind: 'session-lost', sent: true });
  expect(await lost.promise).toBeInstanceOf(Error);
  await plugin.terminateSession(second, 'lost');
});
