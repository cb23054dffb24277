import type { JsonValue } from '@capstan/provider';
import { type CallInterceptor, SESSION_POOL } from '@capstan/runtime';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { counterRuntime } from '../support/counter-runtime.ts';
import { CounterServer } from '../support/counter-server.ts';

let server: CounterServer;

beforeEach(async () => {
  server = await CounterServer.start();
});

afterEach(async () => {
  vi.useRealTimers();
  await server[Symbol.asyncDispose]();
});

const addInput = {
  type: 'object',
  properties: { step: { type: 'integer', description: 'How far to count' }, unit: { enum: ['one', 'dozen'] } },
  required: ['step'],
  additionalProperties: false,
} as const;

describe('finding', () => {
  it('lists in the order of ids, filtered by provider, tag and kind', async () => {
    const { runtime } = await counterRuntime(server, [
      { id: 'counter.b', tags: ['slow'] },
      { id: 'counter.a' },
      { id: 'counter.c', kind: 'prompt' },
    ]);
    const ids = (filter?: Parameters<typeof runtime.marketplace.list>[0]): string[] =>
      runtime.marketplace.list(filter).map(({ id }) => id);
    expect(ids()).toEqual(['counter.a', 'counter.b', 'counter.c']);
    expect(ids({ tag: 'slow' })).toEqual(['counter.b']);
    expect(ids({ kind: 'prompt' })).toEqual(['counter.c']);
    expect(ids({ provider: 'weather' })).toEqual([]);
    expect(runtime.marketplace.get('counter.b')?.provider).toBe('counter');
  });

  it('finds by all words, ids before descriptions', async () => {
    const { runtime } = await counterRuntime(server, [
      { id: 'counter.issue', description: 'Counts one up' },
      { id: 'counter.other', description: 'Resets an issue' },
      { id: 'counter.third', description: 'Nothing' },
    ]);
    const found = (query: string): string[] => runtime.marketplace.search(query).map(({ capability }) => capability.id);
    expect(found('issue')).toEqual(['counter.issue', 'counter.other']);
    expect(found('ISSUE resets')).toEqual(['counter.other']);
    expect(found('absent')).toEqual([]);
    expect(runtime.marketplace.search('', { limit: 2 })).toHaveLength(2);
  });

  it('suggests similar ids for one that does not exist', async () => {
    const { runtime } = await counterRuntime(server, [{ id: 'counter.list_issues' }, { id: 'counter.get_me' }]);
    for (const id of ['counter.list_isues', 'list_issues', 'counter.list']) {
      await expect(runtime.call(id)).rejects.toMatchObject({
        code: 'CAPABILITY_NOT_FOUND',
        message: expect.stringContaining('counter.list_issues'),
      });
    }
  });

  it('refuses a second capability with one id', async () => {
    const { runtime } = await counterRuntime(server);
    const [capability] = runtime.marketplace.list();
    if (capability === undefined) throw new Error('nothing loaded');
    expect(() => runtime.marketplace.register(capability)).toThrow(
      expect.objectContaining({ code: 'MANIFEST_INVALID' }),
    );
  });
});

describe('input', () => {
  it.each<[string, JsonValue, string, object]>([
    ['a missing field', {}, '/step is missing (integer: How far to count)', { type: 'integer' }],
    ['a wrong type', { step: 'x' }, '/step must be integer', { type: 'integer' }],
    ['an unknown field', { step: 1, stride: 2 }, '/stride is not a known property; known: step, unit', {}],
    ['a value out of a list', { step: 1, unit: 'two' }, '["one","dozen"]', {}],
    ['no object at all', 5, '/ must be object', { type: 'object' }],
  ])('is refused with its path and what was expected: %s', async (_case, input, sentence, expected) => {
    const { runtime } = await counterRuntime(server, [{ input: addInput }]);
    await expect(runtime.call('counter.count', input)).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining(sentence),
      details: { problems: [{ expected: expect.objectContaining(expected) }] },
    });
    expect(server.counts).toMatchObject({ opened: 0, calls: 0 });
  });

  it('that fits two schemas with one $id is checked against its own', async () => {
    const schema = (type: string) => ({ $id: 'https://example.test/s', type: 'object', properties: { v: { type } } });
    const { runtime } = await counterRuntime(server, [
      { id: 'counter.a', input: schema('string') },
      { id: 'counter.b', input: schema('integer') },
    ]);
    await runtime.call('counter.a', { v: 'x' });
    await expect(runtime.call('counter.b', { v: 'x' })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    await runtime.close();
  });

  it('against a schema that cannot be compiled names the manifest', async () => {
    const { runtime } = await counterRuntime(server, [{ input: { $ref: '#/nowhere' } }]);
    await expect(runtime.call('counter.count')).rejects.toMatchObject({ code: 'MANIFEST_INVALID' });
  });
});

describe('sessions', () => {
  it('tells in order what happens to a call that needs a session', async () => {
    const { runtime, events } = await counterRuntime(server);
    await runtime.call('counter.count');
    expect(events.map(({ type }) => type)).toEqual([
      'session-required',
      'session-delegated',
      'session-initializing',
      'session-initialized',
      'call-start',
      'call-end',
    ]);
    expect(events[0]).toMatchObject({ key: 'counter_requires_session', value: 'auto', metadataCount: 2 });
    await runtime.close();
  });

  it('never goes on without a session where there is no pool', async () => {
    const { runtime } = await counterRuntime(server, [{}], {
      configure: (container) => container.register(SESSION_POOL, { useFactory: () => undefined }),
    });
    await expect(runtime.call('counter.count')).rejects.toMatchObject({ code: 'SESSION_UNAVAILABLE' });
    expect(server.counts).toEqual({ opened: 0, closed: 0, calls: 0, refused: 0 });
    await runtime.close();
  });

  it('calls the provider itself where the manifest says that no session is needed', async () => {
    const { runtime } = await counterRuntime(server, [{ metadata: { counter_requires_session: false } }]);
    const { output, call } = await runtime.call('counter.count', { n: 1 });
    expect(output).toEqual({ session: null, input: { n: 1 } });
    expect(call).toMatchObject({ session: 'none', attempts: 1 });
    expect(server.counts.opened).toBe(0);
    await runtime.close();
  });
});

describe('limits', () => {
  it('gives up a call without an answer or progress, and says that its outcome is unknown where it has an effect', async () => {
    const { runtime } = await counterRuntime(server, [
      { id: 'counter.read', effect: 'read', metadata: { call_timeout_ms: 20 } },
      { id: 'counter.once', metadata: { call_timeout_ms: 20 } },
    ]);
    await runtime.sessions?.getOrCreateSession(firstCapability(runtime), { subject: 'host' });
    server.gate = new Promise(() => {});
    await expect(runtime.call('counter.read', { wait: true })).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringContaining('call_timeout_ms'),
    });
    await expect(runtime.call('counter.once', { wait: true })).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    await runtime.close();
  });

  it('lets a caller ask for less time, never for more', async () => {
    const { runtime } = await counterRuntime(server, [{ effect: 'read', metadata: { call_timeout_ms: 30 } }]);
    await runtime.sessions?.getOrCreateSession(firstCapability(runtime), { subject: 'host' });
    server.gate = new Promise(() => {});
    for (const timeoutMs of [10, 60_000]) {
      await expect(runtime.call('counter.count', { wait: true }, { timeoutMs })).rejects.toMatchObject({
        message: expect.stringContaining(`within ${Math.min(timeoutMs, 30)} ms`),
      });
    }
    await runtime.close();
  });

  it('refuses a call whose signal is aborted already, before anything is sent', async () => {
    const { runtime } = await counterRuntime(server);
    await expect(runtime.call('counter.count', {}, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    expect(server.counts.calls).toBe(0);
    await runtime.close();
  });
});

describe('interceptors', () => {
  it('stand around every call, the first outermost', async () => {
    const order: string[] = [];
    const around =
      (name: string): CallInterceptor =>
      async (invocation, next) => {
        order.push(`${name} in`);
        const result = await next(invocation);
        order.push(`${name} out`);
        return result;
      };
    const { runtime } = await counterRuntime(server, [{}], { interceptors: [around('audit'), around('approval')] });
    await runtime.call('counter.count');
    expect(order).toEqual(['audit in', 'approval in', 'approval out', 'audit out']);
    await runtime.close();
  });

  it('can refuse a call, which then reaches nobody', async () => {
    const { runtime } = await counterRuntime(server, [{}], {
      interceptors: [() => Promise.reject(new Error('not today'))],
    });
    await expect(runtime.call('counter.count')).rejects.toMatchObject({
      code: 'UPSTREAM_ERROR',
      message: expect.stringContaining('not today'),
    });
    expect(server.counts.opened).toBe(0);
    await runtime.close();
  });
});

describe('listeners', () => {
  it('that throw are logged and fail no call', async () => {
    const logged: string[] = [];
    const { runtime } = await counterRuntime(server, [{}], {
      logger: { log: (_level, message) => logged.push(message) },
    });
    runtime.marketplace.events.on(() => {
      throw new Error('listener');
    });
    await runtime.call('counter.count');
    expect(logged).toContain('A listener failed on call-end.');
    await runtime.close();
  });
});

function firstCapability(runtime: Awaited<ReturnType<typeof counterRuntime>>['runtime']) {
  const [capability] = runtime.marketplace.list();
  if (capability === undefined) throw new Error('nothing loaded');
  return capability;
}
