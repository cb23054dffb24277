import { SESSION_POOL } from '@capstan/runtime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { counterRuntime } from '../support/counter-runtime.ts';
import { CounterServer } from '../support/counter-server.ts';
import { kilnHandle, kilnRuntime } from '../support/kiln-provider.ts';
import { KilnServer } from '../support/kiln-server.ts';

let server: KilnServer;

beforeEach(async () => {
  server = await KilnServer.start();
});

afterEach(async () => {
  await server[Symbol.asyncDispose]();
});

const glaze = { argument: { name: 'glaze', value: 'cel' }, context: { clay: 'white' } };

describe('completing an argument', () => {
  it('asks the plugin in the session that calls use, and hands on what is typed and decided', async () => {
    const { runtime } = await kilnRuntime(server);
    await runtime.call('kiln.fire');
    expect(await runtime.complete('kiln.fire', glaze)).toEqual({
      values: ['celadon', 'celadon dark'],
      total: 2,
      hasMore: false,
    });
    expect(server.bodies('glazes')).toEqual([{ argument: 'glaze', typed: 'cel', context: { clay: 'white' } }]);
    expect(server.opened).toBe(1);
    await runtime.complete('kiln.fire', glaze, { caller: { subject: 'somebody else' } });
    expect(server.opened).toBe(2);
    await runtime.close();
  });

  it('asks without a session where the capability wants none, and never where one is required and there is no pool', async () => {
    const { runtime } = await kilnRuntime(server, {
      configure: (container) => container.register(SESSION_POOL, { useFactory: () => undefined }),
    });
    await expect(runtime.complete('kiln.fire', glaze)).rejects.toMatchObject({ code: 'SESSION_UNAVAILABLE' });
    expect(server.requests).toEqual([]);
    await runtime.complete('kiln.alone', glaze);
    expect(server.requests).toMatchObject([{ path: 'glazes', session: undefined }]);
    await runtime.close();
  });

  it('is repeated like a read, whatever effect a call has', async () => {
    const { runtime, events } = await kilnRuntime(server);
    await runtime.call('kiln.fire');
    server.sessions.clear();
    server.refusals.push(500);
    expect(await runtime.complete('kiln.fire', glaze)).toMatchObject({ total: 2 });
    expect(server.bodies('glazes')).toHaveLength(3);
    expect(server.opened).toBe(2);
    expect(events.findLast(({ type }) => type === 'call-end')).toMatchObject({
      operation: 'complete',
      effect: 'read',
      outcome: 'ok',
      attempts: 3,
    });
    server.refusals.push(500);
    await expect(runtime.call('kiln.fire')).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    await runtime.close();
  });

  it('has the limits of a call and can be cancelled', async () => {
    const { runtime } = await kilnRuntime(server, { metadata: { call_timeout_ms: 50 } });
    server.gate = new Promise(() => {});
    await expect(runtime.complete('kiln.alone', glaze)).rejects.toMatchObject({ code: 'TIMEOUT' });
    const controller = new AbortController();
    const arrived = server.arrival('glazes');
    const cancelled = runtime.complete('kiln.fire', glaze, { signal: controller.signal });
    await arrived;
    controller.abort();
    await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' });
    await runtime.close();
  });

  it('of a plugin that cannot, and of a capability that does not exist, is an error of its own', async () => {
    await using counters = await CounterServer.start();
    const { runtime } = await counterRuntime(counters);
    await expect(runtime.complete('counter.count', glaze)).rejects.toMatchObject({
      code: 'NOT_SUPPORTED',
      message: expect.stringContaining('counter'),
    });
    expect(() => runtime.task('counter.count', kilnHandle)).toThrow(expect.objectContaining({ code: 'NOT_SUPPORTED' }));
    await expect(runtime.complete('counter.cuont', glaze)).rejects.toMatchObject({ code: 'CAPABILITY_NOT_FOUND' });
    expect(counters.counts.opened).toBe(0);
    await runtime.close();
  });

  it('is waited for by close, and refused afterwards', async () => {
    const { runtime } = await kilnRuntime(server);
    const gate = Promise.withResolvers<void>();
    server.gate = gate.promise;
    const arrived = server.arrival('glazes');
    const under = runtime.complete('kiln.alone', glaze);
    await arrived;
    const closing = runtime.close();
    await expect(runtime.complete('kiln.alone', glaze)).rejects.toMatchObject({ code: 'CLOSED' });
    gate.resolve();
    expect(await under).toMatchObject({ total: 2 });
    await closing;
  });
});

describe('a task', () => {
  it('is looked at, answered and stopped in the session that calls use', async () => {
    const { runtime } = await kilnRuntime(server);
    const { task } = await runtime.call('kiln.fire', { slow: true });
    expect(task).toEqual(kilnHandle);
    const control = runtime.task('kiln.fire', kilnHandle);
    expect(await control.status()).toMatchObject({ state: 'working' });
    await control.respond({ glaze: { action: 'accept' } });
    expect(await control.cancel()).toEqual({ state: 'cancelled' });
    expect(server.bodies('tasks')).toEqual([{ shelf: 3 }]);
    expect(server.bodies('tasks/answers')).toEqual([{ responses: { glaze: { action: 'accept' } }, shelf: 3 }]);
    expect(server.bodies('tasks/stop')).toHaveLength(1);
    expect(server.opened).toBe(1);
    await runtime.close();
  });

  it('is asked about again after a failure, and never answered twice', async () => {
    const { runtime, events } = await kilnRuntime(server);
    const control = runtime.task('kiln.alone', kilnHandle);
    server.refusals.push(500);
    expect(await control.status()).toMatchObject({ state: 'working' });
    server.refusals.push(500);
    expect(await control.cancel()).toEqual({ state: 'cancelled' });
    server.refusals.push(500);
    await expect(control.respond({})).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    expect(server.bodies('tasks/answers')).toHaveLength(1);
    const ended = events.flatMap((event) => (event.type === 'call-end' ? [event] : []));
    expect(ended.map(({ operation, outcome }) => [operation, outcome])).toEqual([
      ['task-status', 'ok'],
      ['task-cancel', 'ok'],
      ['task-respond', 'OUTCOME_UNKNOWN'],
    ]);
    await runtime.close();
  });
});
