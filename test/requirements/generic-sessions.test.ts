import { AsyncLocalStorage } from 'node:async_hooks';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { weatherProvider } from '@capstan/example-weather-provider';
import { startWeatherStation } from '@capstan/example-weather-provider/weather-station.ts';
import type { CapabilityResult, Effect } from '@capstan/provider';
import { mcpProvider } from '@capstan/provider-mcp';
import { createRuntime } from '@capstan/runtime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LegacyServer, startLegacyServer } from '../../packages/provider-mcp/test/servers/legacy-server.ts';
import { counterProvider } from '../../packages/runtime/test/support/counter-provider.ts';
import { memoryRuntime, MemoryUpstream, Refusal } from '../../packages/runtime/test/support/memory-provider.ts';
import { findProviderKnowledge } from '../guards/provider-knowledge.ts';
import { filesUnder, workspacePackages, workspaceRoot } from '../guards/workspace.ts';
import { capabilityOf, doorsOf, mcpRuntime } from './mcp-runtime.ts';
import { observedProvider } from './observed-provider.ts';

const id = 'mcp.test.echo';
let server: LegacyServer;

beforeEach(async () => {
  server = await startLegacyServer();
});

afterEach(async () => {
  await server.close();
});

describe('a session handler', () => {
  it('initialises, executes and terminates, each with a signal where it may wait', async () => {
    const { runtime, pluginCalls } = await mcpRuntime(server.url, { metadata: { mcp_tool_name: 'slow' } });
    await runtime.call(id, { steps: 1 });
    const caller = new AbortController();
    const cancelled = runtime.call(
      id,
      { steps: 1_000 },
      { signal: caller.signal, onProgress: () => caller.abort(new Error('enough')) },
    );
    await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect.poll(() => server.counts.cancelled).toBe(1);
    expect((await runtime.call(id, { steps: 1 })).call.session).toBe('reused');
    await runtime.close();
    const executions = ['executeWithSession', 'executeWithSession', 'executeWithSession'];
    expect(doorsOf(pluginCalls)).toEqual(['initializeSession', ...executions, 'terminateSession']);
    expect(pluginCalls.map(({ signal }) => signal?.aborted)).toEqual([false, false, true, false, undefined]);
    expect(server.sessionIds).toEqual([]);
  });

  it('need not know about sharing: the pool gets or creates, one for all who ask at once', async () => {
    const { runtime, pluginCalls } = await mcpRuntime(server.url);
    const capability = capabilityOf(runtime, id);
    const caller = { subject: 'ann' };
    const ask = async () => await runtime.sessions?.getOrCreateSession(capability, caller);
    const ids = new Set(await Promise.all(Array.from({ length: 100 }, ask)));
    expect(ids.size).toBe(1);
    expect((await runtime.call(id, { text: 'x' }, { caller })).call.session).toBe('reused');
    expect([doorsOf(pluginCalls), server.counts.initialize]).toEqual([['initializeSession', 'executeWithSession'], 1]);
    await runtime.close();
  });

  it('is re-entrant: interleaved calls of many callers get their own answers and their own sessions', async () => {
    const { runtime } = await mcpRuntime(server.url);
    const calls = Array.from({ length: 120 }, (_, n) => ({ text: `call ${n}`, subject: `caller ${n % 4}` }));
    const results = await Promise.all(
      calls.map(({ text, subject }) => runtime.call(id, { text }, { caller: { subject } })),
    );
    expect(results.map(({ output }) => output)).toEqual(calls.map(({ text }) => text));
    expect(runtime.sessions?.list().map(({ openedBy, calls: carried }) => [openedBy.subject, carried])).toEqual(
      Array.from({ length: 4 }, (_, n) => [`caller ${n}`, 30]),
    );
    await runtime.close();
  });

  it('is found by a text, its prefix; each call reaches the one that owns its keys, and nobody registers twice', async () => {
    await using station = await startWeatherStation();
    const runtime = await createRuntime({
      manifests: [
        { id, metadata: { mcp_server_url: server.url, mcp_tool_name: 'echo' } },
        { id: 'weather.wind', metadata: { weather_station_url: station.url, weather_reading: 'wind' } },
      ],
      providers: [mcpProvider(), weatherProvider],
      environment: {},
    });
    expect(runtime.providers.map(({ prefix }) => prefix)).toEqual(['mcp', 'weather']);
    expect((await runtime.call(id, { text: 'hello' })).output).toBe('hello');
    expect((await runtime.call('weather.wind', { city: 'Bergen' })).output).toMatchObject({ value: '12 km/h' });
    expect([server.counts.initialize, station.counts.checkIn]).toEqual([1, 1]);
    await runtime.close();
    await expect(
      createRuntime({ manifests: [], providers: [mcpProvider(), weatherProvider, mcpProvider()] }),
    ).rejects.toMatchObject({ code: 'PROVIDER_AMBIGUOUS', details: { prefix: 'mcp' } });
  });

  it('is detected by the prefix of the keys, whatever their order; none or two are errors that list the prefixes', async () => {
    const keys = { mcp_server_url: server.url, mcp_tool_name: 'echo', counter_step: 1 };
    const other = { weather_station_url: 'http://127.0.0.1:1', weather_reading: 'wind' };
    const load = (metadata: Record<string, string | number>, provider?: string) =>
      createRuntime({
        manifests: [{ id, metadata, ...(provider !== undefined && { provider }) }],
        providers: [counterProvider(), mcpProvider()],
        environment: {},
      });
    const prefixes = /counter.*mcp/;
    await expect(load(other)).rejects.toThrow(prefixes);
    for (const metadata of [keys, Object.fromEntries(Object.entries(keys).toReversed())]) {
      await expect(load(metadata)).rejects.toThrow(prefixes);
    }
    const { counter_step: _, ...own } = keys;
    for (const declared of [undefined, 'mcp']) {
      const runtime = await load(own, declared);
      expect(capabilityOf(runtime, id).provider).toBe('mcp');
      await runtime.close();
    }
  });
});

describe('the core', () => {
  it('holds no provider code, and a plugin of somebody else gets sessions without a change to it', async () => {
    expect(findProviderKnowledge(workspaceRoot)).toEqual([]);
    await using station = await startWeatherStation();
    const runtime = await createRuntime({
      manifests: [{ id: 'weather.wind', metadata: { weather_station_url: station.url, weather_reading: 'wind' } }],
      providers: [weatherProvider],
      environment: {},
    });
    for (const session of ['new', 'reused']) {
      expect((await runtime.call('weather.wind', { city: 'Bergen' })).call.session).toBe(session);
    }
    await runtime.close();
    expect([station.counts, station.checkedIn]).toEqual([{ checkIn: 1, read: 2, checkOut: 1 }, 0]);
  });

  it('demands of every provider package the contract, run by its own tests', () => {
    const providers = workspacePackages(workspaceRoot)
      .map(({ folder }) => folder)
      .filter((folder) => folder.startsWith('provider-') && folder !== 'provider-testkit');
    expect(providers).toContain('provider-mcp');
    for (const folder of ['examples/weather-provider', ...providers.map((name) => `packages/${name}`)]) {
      const tests = filesUnder(workspaceRoot, `${folder}/test`).filter((path) => path.endsWith('.test.ts'));
      const texts = tests.map((path) => readFileSync(join(workspaceRoot, path), 'utf8'));
      expect(
        texts.some((text) => text.includes('providerContract({')),
        folder,
      ).toBe(true);
    }
  });

  it('repeats what was sent only where the effect allows it', async () => {
    const outcomeOf = async (effect: Effect & ('read' | 'once')) => {
      const upstream = new MemoryUpstream();
      upstream.refusals.push(new Refusal({ kind: 'session-lost', sent: true }));
      const { runtime } = await memoryRuntime(upstream, { effect });
      const outcome = await runtime.call('memory.call', { refuse: true }).then(
        ({ call }: CapabilityResult) => call.attempts,
        ({ code }: { readonly code: string }) => code,
      );
      await runtime.close();
      return { outcome, sent: upstream.calls.length };
    };
    expect(await outcomeOf('read')).toEqual({ outcome: 2, sent: 2 });
    expect(await outcomeOf('once')).toEqual({ outcome: 'OUTCOME_UNKNOWN', sent: 1 });
  });
});

describe('isolation', () => {
  const wrap = new AsyncLocalStorage<string>();
  const metadata = { mcp_tool_name: 'echo' };
  const capabilities = [
    { id: 'mcp.test.pooled', metadata: { ...metadata, mcp_requires_session: 'auto' } },
    { id: 'mcp.test.insisting', metadata: { ...metadata, mcp_requires_session: true } },
    { id: 'mcp.test.plain', metadata: { ...metadata, mcp_requires_session: false } },
  ];

  it('is a decorator around the same path: it sees and wraps every call, with a session or without', async () => {
    const seen: string[] = [];
    const reached: (string | undefined)[] = [];
    const observed = observedProvider(mcpProvider(), ({ door, capability }) => {
      if (door === 'execute' || door === 'executeWithSession') reached.push(`${wrap.getStore()} ${capability?.id}`);
    });
    const runtime = await createRuntime({
      manifests: [{ metadata: { mcp_server_url: server.url }, capabilities }],
      providers: [observed],
      environment: {},
      interceptors: [
        async (invocation, next) => {
          seen.push(invocation.capability.id);
          const result = await wrap.run('isolated', () => next({ ...invocation, input: { text: 'from inside' } }));
          return { ...result, output: { wrapped: result.output } };
        },
      ],
    });
    const ids = capabilities.flatMap((capability) => [capability.id, capability.id]);
    for (const each of ids)
      expect((await runtime.call(each, { text: 'outside' })).output).toEqual({ wrapped: 'from inside' });
    expect(seen).toEqual(ids);
    expect(reached).toEqual(ids.map((each) => `isolated ${each}`));
    await runtime.close();
  });

  it('can answer by itself, and then nothing is reached', async () => {
    const answer: CapabilityResult = {
      output: 'from the sandbox',
      isError: false,
      call: { attempts: 0, session: 'none', durationMs: 0 },
    };
    const { runtime, pluginCalls } = await mcpRuntime(server.url, {
      manifests: [{ metadata: { mcp_server_url: server.url }, capabilities }],
      interceptors: [async () => answer],
    });
    for (const each of capabilities) expect((await runtime.call(each.id)).output).toBe('from the sandbox');
    await runtime.close();
    expect([pluginCalls, server.counts.requests]).toEqual([[], 0]);
  });
});
