import { createRuntime, type Marketplace, type RuntimeEvent, SESSION_POOL_OPTIONS } from '@capstan/runtime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { counterProvider } from './support/counter-provider.ts';
import { counterCapability, counterRuntime } from './support/counter-runtime.ts';
import { CounterServer } from './support/counter-server.ts';

let server: CounterServer;

beforeEach(async () => {
  server = await CounterServer.start();
});

afterEach(async () => {
  await server[Symbol.asyncDispose]();
});

describe('createRuntime', () => {
  it('gives two runtimes in one process nothing in common', async () => {
    const one = await counterRuntime(server, [{ id: 'counter.one' }]);
    const two = await counterRuntime(server, [{ id: 'counter.two' }]);
    await one.runtime.call('counter.one');
    await two.runtime.call('counter.two');
    expect(server.counts.opened).toBe(2);
    await expect(one.runtime.call('counter.two')).rejects.toMatchObject({ code: 'CAPABILITY_NOT_FOUND' });
    expect(two.events.some((event) => 'capability' in event && event.capability === 'counter.one')).toBe(false);
    await one.runtime.close();
    expect(server.counts.closed).toBe(1);
    expect((await two.runtime.call('counter.two')).call.session).toBe('reused');
    await two.runtime.close();
  });

  it('rejects with every error of its manifests, unless somebody listens to them', async () => {
    const manifests = [
      counterCapability(server),
      { id: 'counter.bad', effect: 'sometimes' as never, metadata: { counter_server_url: server.url } },
      { id: 'weather.lost', metadata: { weather_city: 'Bergen' } },
    ];
    await expect(createRuntime({ manifests, providers: [counterProvider()] })).rejects.toMatchObject({
      code: 'MANIFEST_INVALID',
      message: expect.stringMatching(/sometimes[^]*Known prefixes: counter/),
    });
    const problems: string[] = [];
    await using runtime = await createRuntime({
      manifests,
      providers: [counterProvider()],
      onManifestProblems: (all) => problems.push(...all.map(({ message }) => message)),
    });
    expect(problems).toHaveLength(2);
    expect(runtime.marketplace.list().map(({ id }) => id)).toEqual(['counter.count']);
  });

  it('takes plugins as objects and as functions of their host', async () => {
    const host = { signals: [] as AbortSignal[] };
    const runtime = await createRuntime({
      manifests: [counterCapability(server)],
      providers: [
        (lent) => {
          host.signals.push(lent.signal);
          return counterProvider()(lent);
        },
      ],
    });
    await runtime.call('counter.count');
    expect(host.signals[0]?.aborted).toBe(false);
    await runtime.close();
    expect(host.signals[0]?.aborted).toBe(true);
  });

  it('lets a host replace a part by its token', async () => {
    const { runtime } = await counterRuntime(server, [{}], {
      configure: (container) =>
        container.register(SESSION_POOL_OPTIONS, {
          useValue: { ...container.resolve(SESSION_POOL_OPTIONS), maxSessionsTotal: 0, acquireTimeoutMs: 1 },
        }),
    });
    await expect(runtime.call('counter.count')).rejects.toMatchObject({
      code: 'OVERLOADED',
      details: { scope: 'total' },
    });
    await runtime.close();
  });

  it('closes once, however often it is asked', async () => {
    const { runtime } = await counterRuntime(server);
    await runtime.call('counter.count');
    await Promise.all([runtime.close(), runtime.close(), runtime[Symbol.asyncDispose]()]);
    expect(server.counts.closed).toBe(1);
    await expect(runtime.call('counter.count')).rejects.toMatchObject({ code: 'CLOSED' });
  });
});

it('closes its marketplace once too, for all who wait for that', async () => {
  const started = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const { runtime } = await counterRuntime(server, [{}], {
    interceptors: [
      async (invocation, next) => {
        started.resolve();
        await gate.promise;
        return next(invocation);
      },
    ],
  });
  const call = runtime.call('counter.count');
  await started.promise;
  const closings = [runtime.marketplace.close(10_000), runtime.marketplace.close(10_000)];
  gate.resolve();
  await call;
  expect(await Promise.all(closings)).toHaveLength(2);
  await runtime.close();
});

describe('secrets', () => {
  const canary = 'canary-8d5f2a';

  async function seenBy(run: (marketplace: Marketplace) => Promise<unknown>): Promise<string> {
    const logged: unknown[] = [];
    const { runtime, events } = await counterRuntime(
      server,
      [{ metadata: { counter_auth_env_var: 'COUNTER_TOKEN' } }],
      {
        environment: { COUNTER_TOKEN: canary },
        logger: { log: (...entry) => logged.push(entry) },
      },
    );
    const outcome = await run(runtime.marketplace).catch((error: Error) => [
      error.message,
      error.stack,
      error,
      error.cause,
    ]);
    const metrics = await runtime.exportMetrics();
    await runtime.close();
    const seen: RuntimeEvent[] = events;
    return JSON.stringify([metrics, outcome, seen, logged, runtime.sessions?.list(), runtime.marketplace.list()]);
  }

  it('of the environment appear in no result, error, event, log or ledger', async () => {
    server.token = canary;
    const echoed = await seenBy((marketplace) => marketplace.execute('counter.count', { text: `it is ${canary}` }));
    expect(echoed).toContain('[redacted COUNTER_TOKEN]');
    expect(echoed).not.toContain(canary);
    server.token = 'another';
    const refused = await seenBy((marketplace) => marketplace.execute('counter.count'));
    expect(refused).toContain('401');
    expect(refused).not.toContain(canary);
  });

  it('that are not set are named', async () => {
    const { runtime } = await counterRuntime(server, [{ metadata: { counter_auth_env_var: 'COUNTER_TOKEN' } }]);
    await expect(runtime.call('counter.count')).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringContaining('COUNTER_TOKEN'),
    });
    expect(server.counts).toMatchObject({ opened: 0, refused: 0 });
    await runtime.close();
  });
});

describe('capabilities that share a session', () => {
  it('are warned of where they differ in what they say of it, and the smallest value counts', async () => {
    const warned: string[] = [];
    const { runtime } = await counterRuntime(
      server,
      [
        { id: 'counter.one', metadata: { session_max_concurrency: 8 } },
        { id: 'counter.two', metadata: { session_max_concurrency: 2 } },
        { id: 'counter.alone', metadata: { session_max_concurrency: 4, session_scope: 'shared' } },
      ],
      { logger: { log: (level, message) => level === 'warning' && warned.push(message) } },
    );
    expect(warned).toEqual([
      expect.stringMatching(/counter\.two shares its session with counter\.one .*session_max_concurrency/),
    ]);
    const gate = Promise.withResolvers<void>();
    server.gate = gate.promise;
    await Promise.all([runtime.call('counter.one'), runtime.call('counter.two')]);
    const calls = Array.from({ length: 6 }, () => runtime.call('counter.one', { wait: true }));
    await server.arrived(2);
    expect(runtime.sessions?.list()).toMatchObject([{ inFlight: 2 }]);
    gate.resolve();
    await Promise.all(calls);
    await runtime.close();
  });
});
