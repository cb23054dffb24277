import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import type { Metadata } from '@capstan/provider';
import { capabilityOf, createHarness, failureOf, invocationOf } from './harness.ts';
import {
  answerTo,
  discovered,
  hello,
  type MethodRequest,
  type MethodServer,
  pour,
  send,
  startMethodServer,
  stream,
} from './servers/method-server.ts';

const question = { jsonrpc: '2.0', id: 'q', method: 'elicitation/create', params: { message: 'late' } };

async function opened({ url }: MethodServer, metadata: Metadata = {}, maxOutputBytes = 1_000_000) {
  const harness = createHarness({ limits: { maxOutputBytes } });
  const capability = capabilityOf({ mcp_server_url: url, mcp_protocol: 'legacy', ...metadata });
  return { ...harness, capability, session: await harness.open(capability) };
}

test.each<readonly [string, (request: MethodRequest) => object]>([
  ['`error: null` beside the result', (request) => ({ ...answerTo(request), error: null })],
  ['the id as text', (request) => ({ ...answerTo(request), id: String(request.id) })],
])('an answer with %s is one', async (_, answer) => {
  await using server = await startMethodServer({
    'tools/call': (request, response) => send(response, answer(request)),
  });
  const { plugin, session, capability } = await opened(server);
  expect(await plugin.executeWithSession(session, invocationOf(capability))).toMatchObject({ output: 'ok' });
});

test.each(['text', 5, {}, { code: 'x' }, []])('an error that is %j fails the call at once', async (error) => {
  await using server = await startMethodServer({
    'tools/call': ({ id }, response) => send(response, { jsonrpc: '2.0', id, error }),
  });
  const { plugin, session, capability } = await opened(server);
  const failure = await failureOf(plugin, plugin.executeWithSession(session, invocationOf(capability)));
  expect(failure).toMatchObject({ error: { code: 'UPSTREAM_ERROR' }, verdict: { kind: 'caller', sent: true } });
});

test('events of other names, parameters of other types and several messages in one event do no harm', async () => {
  const odd = ['tools/list_changed', 'message', 'progress', 'elicitation/complete'].flatMap((name) =>
    [null, 5, 'x', [1]].map((params) => ({ jsonrpc: '2.0', method: `notifications/${name}`, params })),
  );
  await using server = await startMethodServer({
    'tools/call': (request, response) =>
      stream(response, 'event: ping\ndata: 2026-07-28\n\n', odd, ...odd, [answerTo(request)]).end(),
  });
  const { plugin, session, capability } = await opened(server);
  expect(await plugin.executeWithSession(session, invocationOf(capability))).toMatchObject({ output: 'ok' });
});

test('a listener that throws does not take the answer away', async () => {
  await using server = await startMethodServer({
    'tools/call': (request, response) => {
      const { _meta } = request.params as { readonly _meta: { readonly progressToken: number } };
      const progress = { method: 'notifications/progress', params: { ..._meta, progress: 1 } };
      stream(response, { jsonrpc: '2.0', ...progress }, answerTo(request)).end();
    },
  });
  const { plugin, session, capability } = await opened(server);
  let heard = 0;
  const onProgress = (): void => {
    heard += 1;
    throw new Error('broken');
  };
  const call = plugin.executeWithSession(session, invocationOf(capability, {}, { onProgress }));
  expect(await call).toMatchObject({ output: 'ok' });
  expect(heard).toBe(1);
});

test('the answer to one call is not taken from the stream of another', async () => {
  const waiting: (readonly [MethodRequest, ServerResponse])[] = [];
  await using server = await startMethodServer({
    'tools/call': (request, response) => {
      waiting.push([request, response]);
      const [first, second] = waiting;
      if (first === undefined || second === undefined) return;
      stream(second[1], answerTo(first[0], 'of another'), answerTo(second[0])).end();
    },
  });
  const { plugin, session, capability } = await opened(server);
  const [one, two] = [1, 2].map(() => plugin.executeWithSession(session, invocationOf(capability)));
  await expect.poll(() => waiting.length).toBe(2);
  expect(await Promise.any([one, two])).toMatchObject({ output: 'ok' });
  const [[request, response] = []] = waiting;
  if (request !== undefined && response !== undefined) send(response, answerTo(request));
  expect(await Promise.all([one, two])).toMatchObject([{ output: 'ok' }, { output: 'ok' }]);
});

test('a question on the stream of a call that has its answer reaches nobody', async () => {
  let tail: ServerResponse | undefined;
  await using server = await startMethodServer({
    'tools/call': (request, response) => {
      tail ??= stream(response, answerTo(request));
      if (tail !== response) stream(tail, question);
    },
  });
  const { plugin, session, capability } = await opened(server);
  const asked: string[] = [];
  const call = (name: string, signal: AbortSignal) => {
    const onInputRequired = async () => (asked.push(name), { action: 'accept' });
    return plugin.executeWithSession(session, invocationOf(capability, {}, { onInputRequired, signal }));
  };
  await call('first', new AbortController().signal);
  const enough = new AbortController();
  const second = failureOf(plugin, call('second', enough.signal));
  await expect.poll(() => server.seen).toContain('answer');
  expect(asked).toEqual([]);
  enough.abort();
  await second;
});

test('where a call was given up, a question without a name is asked of its caller only', async () => {
  const streams: ServerResponse[] = [];
  await using server = await startMethodServer({
    initialize: (request, response) => hello(request, response, 'shared'),
    GET: (_request, response) => void streams.push(stream(response)),
    'tools/call': () => undefined,
  });
  let stale = 0;
  const { plugin, open } = createHarness();
  const capability = capabilityOf({ mcp_server_url: server.url, mcp_protocol: 'legacy' });
  const session = await open(capability, { onStale: () => void (stale += 1) });
  const asked: string[] = [];
  const begin = async (subject: string) => {
    const { signal, abort } = withAbort();
    const onInputRequired = async () => (asked.push(subject), { action: 'accept' });
    const before = server.seen.length;
    const invocation = invocationOf(capability, {}, { caller: { subject }, onInputRequired, signal });
    const ended = failureOf(plugin, plugin.executeWithSession(session, invocation));
    await expect.poll(() => server.seen.slice(before)).toContain('tools/call');
    return () => (abort(), ended);
  };
  const ask = async () => {
    const before = server.seen.length;
    for (const one of streams) stream(one, question);
    await expect.poll(() => server.seen.slice(before)).toContain('answer');
  };
  const endFirst = await begin('alice');
  await endFirst();
  const endSecond = await begin('alice');
  await ask();
  expect([asked, stale]).toEqual([['alice'], 0]);
  await endSecond();
  const endOther = await begin('bob');
  await ask();
  expect([asked, stale]).toEqual([['alice'], 1]);
  await endOther();
  await plugin.terminateSession(session, 'idle');
});

test('more questions than anybody could answer are not all answered', async () => {
  const pings = Array.from({ length: 20_000 }, (_, id) => ({ jsonrpc: '2.0', id, method: 'ping' }));
  await using server = await startMethodServer({
    'tools/call': (request, response) => send(response, [...pings, answerTo(request)]),
  });
  const { plugin, session, capability } = await opened(server, {}, 16_000_000);
  expect(await plugin.executeWithSession(session, invocationOf(capability))).toMatchObject({ output: 'ok' });
  const pinged = () => server.seen.filter((name) => name === 'answer').length;
  await expect.poll(pinged).toBe(256);
});

test('a body that never ends is given up: of what was accepted, and of an event between whose lines are comments', async () => {
  const poured: { readonly bytes: number }[] = [];
  await using server = await startMethodServer({
    'notifications/initialized': (_request, response) => {
      poured.push(pour(response.writeHead(200), 'a'.repeat(65_536)));
    },
    'tools/call': (_request, response) => {
      poured.push(pour(stream(response), `data: ${'a'.repeat(60_000)}\n: still here\n`));
    },
  });
  const { plugin, session, capability } = await opened(server);
  const { error } = await failureOf(plugin, plugin.executeWithSession(session, invocationOf(capability)));
  expect(error.details).toMatchObject({ reason: 'too_large' });
  expect(poured).toHaveLength(2);
  for (const { bytes } of poured) expect(bytes).toBeLessThan(15_000_000);
});

test('signs of life do not add up to an answer that is too large', async () => {
  const signs = ': still here\n\n'.repeat(1000);
  await using server = await startMethodServer({
    'tools/call': (request, response) => stream(response, signs, answerTo(request)).end(),
  });
  const { plugin, session, capability } = await opened(server, {}, 5000);
  expect(await plugin.executeWithSession(session, invocationOf(capability))).toMatchObject({ output: 'ok' });
});

test('names of what every object has mean nothing', async () => {
  await using server = await startMethodServer({
    'server/discover': discovered,
    'tools/call': ({ id }, response) => {
      const inputRequests = { a: { method: 'constructor', params: {} } };
      const log = { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'constructor', data: 1 } };
      stream(response, log, { jsonrpc: '2.0', id, result: { resultType: 'input_required', inputRequests } }).end();
    },
  });
  const { plugin, session, capability } = await opened(server, { mcp_protocol: 'modern' });
  const levels: unknown[] = [];
  const invocation = invocationOf(capability, {}, { inputMode: 'return', onLog: ({ level }) => levels.push(level) });
  const { error } = await failureOf(plugin, plugin.executeWithSession(session, invocation));
  expect([error.code, levels]).toEqual(['UPSTREAM_ERROR', ['info']]);
});

test('a modern server is not given what it was not told that it may ask for', async () => {
  await using server = await startMethodServer({
    'server/discover': discovered,
    'tools/call': ({ id }, response) => {
      const inputRequests = { a: { method: 'sampling/createMessage', params: {} } };
      send(response, { jsonrpc: '2.0', id, result: { resultType: 'input_required', inputRequests } });
    },
  });
  const { plugin, session, capability } = await opened(server, { mcp_protocol: 'modern' });
  let asked = 0;
  const onInputRequired = async () => ((asked += 1), {});
  const invocation = invocationOf(capability, {}, { onInputRequired });
  const { verdict } = await failureOf(plugin, plugin.executeWithSession(session, invocation));
  expect([asked, verdict]).toEqual([0, { kind: 'caller', sent: true }]);
});

function withAbort() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}
