import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Invocation, JsonValue } from '@capstan/provider';
import { createRuntime, flattenMetadata, requiresSession, SESSION_POOL, unflattenMetadata } from '@capstan/runtime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LegacyServer, startLegacyServer } from '../../packages/provider-mcp/test/servers/legacy-server.ts';
import { counterRuntime } from '../../packages/runtime/test/support/counter-runtime.ts';
import { CounterServer } from '../../packages/runtime/test/support/counter-server.ts';
import { temporaryFolder } from '../guards/temporary-folder.ts';
import { commandProvider } from './command-provider.ts';
import { capabilityOf, doorsOf, mcpRuntime } from './mcp-runtime.ts';

const token = 'canary-token-of-delegation';
const id = 'mcp.test.echo';
let server: LegacyServer;

beforeEach(async () => {
  server = await startLegacyServer({ token });
});

afterEach(async () => {
  await server.close();
});

const withToken = { metadata: { mcp_auth_env_var: 'ECHO_TOKEN' }, environment: { ECHO_TOKEN: token } };
const withoutPool: Parameters<typeof mcpRuntime>[1] = {
  configure: (container) => container.register(SESSION_POOL, { useFactory: () => undefined }),
};

describe('metadata', () => {
  it('goes from the file, nested, to the flat map that the provider gets', async () => {
    using folder = temporaryFolder();
    writeFileSync(
      join(folder.path, 'nested.yaml'),
      [
        'metadata:',
        `  mcp: { server_url: "${server.url}", requires_session: auto, auth: { env_var: ECHO_TOKEN } }`,
        'capabilities:',
        `  - { id: ${id}, metadata: { mcp: { tool: { name: echo } } } }`,
      ].join('\n'),
    );
    const { runtime, pluginCalls } = await mcpRuntime(server.url, { ...withToken, manifests: folder.path });
    expect((await runtime.call(id, { text: 'through' })).output).toBe('through');
    await runtime.close();
    const flat = {
      mcp_server_url: server.url,
      mcp_requires_session: 'auto',
      mcp_auth_env_var: 'ECHO_TOKEN',
      mcp_tool_name: 'echo',
    };
    for (const door of ['initializeSession', 'executeWithSession']) {
      expect(pluginCalls.find((call) => call.door === door)?.capability?.metadata).toMatchObject(flat);
    }
    expect(new Set(server.credentials)).toEqual(new Set([`Bearer ${token}`]));
  });

  it('is the same after it was nested and flattened again', () => {
    const flat = {
      mcp_server_url: 'https://a.test/mcp',
      mcp_requires_session: 'auto',
      session_scope: 'shared',
      team: 1,
    };
    const nested = unflattenMetadata(flat, ['mcp', 'session']);
    expect(nested['mcp']).toEqual({ server_url: 'https://a.test/mcp', requires_session: 'auto' });
    expect(flattenMetadata(nested)).toEqual({ metadata: flat, conflicts: [] });
  });

  it('is found by the id of a capability, from a manifest or registered later (get_capability_metadata)', async () => {
    const { runtime } = await mcpRuntime(server.url, withToken);
    const capability = capabilityOf(runtime, id);
    runtime.marketplace.register({ ...capability, id: 'mcp.test.later' });
    expect(runtime.marketplace.get('mcp.test.later')?.metadata).toEqual(capability.metadata);
    expect((await runtime.call('mcp.test.later', { text: 'later' })).output).toBe('later');
    expect(runtime.marketplace.get('mcp.test.never')).toBeUndefined();
    await runtime.close();
  });
});

describe('the need of a session', () => {
  it.each([
    ['auto', 'auto', 'new'],
    ['true', 'required', 'new'],
    [true, 'required', 'new'],
    ['false', 'never', 'none'],
    [false, 'never', 'none'],
  ] as const)('is read from any key *_requires_session: %j is %s', async (value, mode, session) => {
    expect(requiresSession({ anything_at_all_requires_session: value }).mode).toBe(mode);
    const { runtime } = await mcpRuntime(server.url, {
      ...withToken,
      metadata: { ...withToken.metadata, mcp_requires_session: value },
    });
    expect((await runtime.call(id, { text: 'x' })).call.session).toBe(session);
    await runtime.close();
  });

  it.each(['yes', 'on', 1, ''])(
    'is refused while loading where it is neither auto nor true nor false: %j',
    async (value) => {
      await expect(mcpRuntime(server.url, { metadata: { mcp_requires_session: value } })).rejects.toMatchObject({
        code: 'MANIFEST_INVALID',
        message: expect.stringContaining('mcp_requires_session'),
      });
    },
  );
});

describe('a call whose metadata asks for a session', () => {
  it.each(['auto', 'true', true])(
    'never falls through to a call without one where there is no pool: %j',
    async (value) => {
      const { runtime, events, pluginCalls } = await mcpRuntime(server.url, {
        ...withToken,
        ...withoutPool,
        metadata: { ...withToken.metadata, mcp_requires_session: value },
      });
      await expect(runtime.call(id)).rejects.toMatchObject({ code: 'SESSION_UNAVAILABLE' });
      await runtime.close();
      expect(events.map(({ type }) => type)).toEqual(['session-required', 'call-end']);
      expect([pluginCalls, server.counts.requests]).toEqual([[], 0]);
    },
  );

  it('never falls through where the server issues none, or cannot be reached', async () => {
    await using sessionless = await startLegacyServer({ sessions: false });
    const asked = await mcpRuntime(sessionless.url, { metadata: { mcp_requires_session: true } });
    await expect(asked.runtime.call(id)).rejects.toMatchObject({ code: 'SESSION_UNAVAILABLE' });
    await asked.runtime.close();
    expect(sessionless.counts.calls).toBe(0);

    const gone = await mcpRuntime(server.url, { ...withToken, sessions: { acquireTimeoutMs: 50 } });
    await server.close();
    await expect(gone.runtime.call(id)).rejects.toMatchObject({ code: 'UPSTREAM_ERROR' });
    await gone.runtime.close();
    expect([...doorsOf(asked.pluginCalls), ...doorsOf(gone.pluginCalls)]).not.toContain('execute');
  });

  it('takes the one path, sessions.executeWithSession, also when a host takes it by itself', async () => {
    const { runtime, pluginCalls } = await mcpRuntime(server.url, withToken);
    await runtime.call(id, { text: 'by the marketplace' });
    const invocation: Invocation = {
      callId: 'own-1',
      capability: capabilityOf(runtime, id),
      input: { text: 'by the host' },
      caller: { subject: 'host' },
      signal: new AbortController().signal,
      attempt: 0,
    };
    expect(await runtime.sessions?.executeWithSession(invocation)).toMatchObject({
      output: 'by the host',
      call: { session: 'reused', attempts: 1 },
    });
    expect(doorsOf(pluginCalls)).toEqual(['initializeSession', 'executeWithSession', 'executeWithSession']);
    await runtime.close();
  });

  it('says in order what happens to it, with counts, and without the values of metadata and secrets', async () => {
    const logged: unknown[] = [];
    const { runtime, events } = await mcpRuntime(server.url, {
      ...withToken,
      logger: { log: (...entry) => logged.push(entry) },
    });
    await runtime.call(id, { text: 'canary-input' });
    await runtime.call(id, { text: 'canary-input' });
    const opening = ['session-required', 'session-delegated', 'session-initializing', 'session-initialized'];
    const reusing = ['session-required', 'session-delegated', 'session-reused'];
    const running = ['call-start', 'call-end'];
    expect(events.map(({ type }) => type)).toEqual([...opening, ...running, ...reusing, ...running]);
    const { metadata } = capabilityOf(runtime, id);
    expect(events[0]).toMatchObject({
      capability: id,
      key: 'mcp_requires_session',
      value: 'auto',
      metadataCount: Object.keys(metadata).length,
    });
    await runtime.close();
    const told = JSON.stringify([events, logged]);
    for (const secret of [token, server.url, 'canary-input']) expect(told).not.toContain(secret);
  });

  it('runs against a real server: initialised, no 401, answered, and the second call reuses the session', async () => {
    const { runtime, events } = await mcpRuntime(server.url, withToken);
    const first = await runtime.call(id, { text: 'one' });
    const second = await runtime.call(id, { text: 'two' });
    expect([first.output, first.call.session, second.output, second.call.session]).toEqual([
      'one',
      'new',
      'two',
      'reused',
    ]);
    expect(events).toContainEqual(expect.objectContaining({ type: 'session-initialized', capability: id }));
    expect(server.counts).toMatchObject({ initialize: 1, initialized: 1, calls: 2, unauthorized: 0 });
    await runtime.close();
  });
});

describe('an input', () => {
  it.each<[JsonValue, string]>([
    [['one', 2, { three: 3 }], '["one","2","{\\"three\\":3}"]'],
    ['one', '["one"]'],
    [[], '[]'],
  ])('is the argument vector where it is a list, else the only argument: %j', async (input, received) => {
    const script = 'JSON.stringify(process.argv.slice(1))';
    const runtime = await createRuntime({
      manifests: [
        { id: 'command.pooled', metadata: { command_script: script, command_requires_session: 'auto' } },
        { id: 'command.plain', metadata: { command_script: script } },
      ],
      providers: [commandProvider],
      environment: {},
    });
    for (const capability of ['command.pooled', 'command.plain']) {
      expect((await runtime.call(capability, input)).output).toBe(received);
    }
    await runtime.close();
  });

  it.each<[JsonValue]>([[[1, 2]], ['one'], [{ n: 1 }], [0]])('reaches other plugins as it is: %j', async (input) => {
    await using counter = await CounterServer.start();
    const { runtime } = await counterRuntime(counter, [
      { id: 'counter.plain', metadata: { counter_requires_session: false } },
    ]);
    expect((await runtime.call('counter.plain', input)).output).toEqual({ session: null, input });
    await runtime.close();
  });
});
