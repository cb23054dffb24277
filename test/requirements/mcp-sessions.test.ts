import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { jsonIn } from '../../packages/provider-mcp/test/harness.ts';
import {
  createInteractiveLegacyServer,
  createInteractiveModernServer,
} from '../../packages/provider-mcp/test/servers/interactive-servers.ts';
import { startLegacyServer } from '../../packages/provider-mcp/test/servers/legacy-server.ts';
import { serveLegacy } from '../../packages/provider-mcp/test/servers/serve-legacy.ts';
import { serveModern } from '../../packages/provider-mcp/test/servers/serve-modern.ts';
import { StdioRegister } from '../../packages/provider-mcp/test/servers/stdio-register.ts';
import { mcpRuntime } from './mcp-runtime.ts';

const serversFolder = new URL('../../packages/provider-mcp/test/servers/', import.meta.url);

describe('a server that drops its sessions with 64 calls in flight', () => {
  async function dropped(effect: 'read' | 'once') {
    await using server = await startLegacyServer();
    const { runtime } = await mcpRuntime('', {
      manifests: [
        {
          id: 'mcp.test.slow',
          effect,
          metadata: {
            mcp_server_url: server.url,
            mcp_tool_name: 'slow',
            mcp_protocol: 'legacy',
            session_max_concurrency: 64,
          },
        },
      ],
    });
    const calls = Array.from({ length: 64 }, () => runtime.call('mcp.test.slow', { steps: 100, stepMs: 10 }));
    const settled = Promise.allSettled(calls);
    // As many as there are connections to one server; the others are still to be sent.
    await expect.poll(() => server.metas.length).toBe(32);
    await server.dropSessions();
    const outcomes = (await settled).map((outcome) =>
      outcome.status === 'fulfilled' ? outcome.value.output : (outcome.reason as { readonly code: string }).code,
    );
    const counts = { ...server.counts };
    await runtime.close();
    return { outcomes, counts };
  }

  it('opens one new session, and answers all that may be repeated', async () => {
    const { outcomes, counts } = await dropped('read');
    expect(outcomes).toEqual(Array.from({ length: 64 }, () => '100 steps'));
    // The first session, and the one after it.
    expect(counts).toMatchObject({ initialize: 2, calls: 96 });
  });

  it('repeats nothing that has an effect, and says that its outcome is unknown', async () => {
    const { outcomes, counts } = await dropped('once');
    expect(outcomes.filter((outcome) => outcome === 'OUTCOME_UNKNOWN')).toHaveLength(32);
    // What had not been sent is sent in the new session.
    expect(outcomes.filter((outcome) => outcome === '100 steps')).toHaveLength(32);
    expect(counts).toMatchObject({ initialize: 2, calls: 64 });
  });
});

describe('a thousand calls that come at once, before there is a session', () => {
  const texts = Array.from({ length: 1000 }, (_, index) => `text ${index}`);

  it('cost one handshake', async () => {
    await using server = await startLegacyServer({ answers: 'json' });
    const { runtime } = await mcpRuntime(server.url, { metadata: { session_queue_limit: 2000 } });
    const results = await Promise.all(texts.map((text) => runtime.call('mcp.test.echo', { text })));
    expect(results.map(({ output }) => output)).toEqual(texts);
    expect(server.counts).toMatchObject({ initialize: 1, calls: 1000 });
    await runtime.close();
    expect(server.counts.delete).toBe(1);
  });

  it('cost one process', { timeout: 60_000 }, async () => {
    const register = await StdioRegister.start();
    const { runtime } = await mcpRuntime('', {
      manifests: [
        {
          id: 'mcp.test.echo',
          metadata: {
            mcp_command: process.execPath,
            mcp_args: [fileURLToPath(new URL('registered-server.ts', serversFolder)), `${register.port}`],
            mcp_protocol: 'legacy',
            mcp_tool_name: 'echo',
            session_queue_limit: 2000,
          },
        },
      ],
    });
    const results = await Promise.all(texts.map((text) => runtime.call('mcp.test.echo', { text })));
    expect(new Set(results.map(({ output }) => output))).toEqual(new Set(texts));
    expect([register.opened, register.calls]).toEqual([1, 1000]);
    await runtime.close();
    await expect.poll(() => register.ended).toBe(1);
    await register.stop();
  });
});

describe.each([
  ['HTTP, legacy', 'legacy', () => serveLegacy(createInteractiveLegacyServer)],
  ['HTTP, modern', 'modern', () => serveModern(createInteractiveModernServer)],
  ['stdio, legacy', 'legacy', undefined],
  ['stdio, modern', 'modern', undefined],
] as const)('a caller who is asked over %s', (_, era, start) => {
  it('may think for longer than the server may be silent', { timeout: 20_000 }, async () => {
    await using server = await start?.();
    const mcp_args = [
      '--conditions=capstan-source',
      fileURLToPath(new URL('interactive-stdio.ts', serversFolder)),
      era,
    ];
    const where = server === undefined ? { mcp_command: process.execPath, mcp_args } : { mcp_server_url: server.url };
    const { runtime } = await mcpRuntime('', {
      manifests: [
        {
          id: 'mcp.test.ask',
          metadata: { ...where, mcp_tool_name: 'ask', mcp_protocol: era, call_timeout_ms: 1500 },
        },
      ],
    });
    const { output } = await runtime.call(
      'mcp.test.ask',
      { of: 'me' },
      {
        onInputRequired: async () => {
          const askedAt = performance.now();
          await expect.poll(() => performance.now() - askedAt, { timeout: 10_000 }).toBeGreaterThan(1800);
          return { action: 'accept', content: { name: 'Ann' } };
        },
      },
    );
    expect(jsonIn(output)).toMatchObject({ answer: { action: 'accept', content: { name: 'Ann' } } });
    await runtime.close();
  });
});
