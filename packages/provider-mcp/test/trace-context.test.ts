import type { TraceContext } from '@capstan/provider';
import { describe, expect, test } from 'vitest';
import { capabilityOf, createHarness, invocationOf } from './harness.ts';
import { startLegacyServer } from './servers/legacy-server.ts';
import { startModernServer } from './servers/modern-server.ts';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const trace: TraceContext = { traceparent, tracestate: 'vendor=1', baggage: 'plan=gold' };

function capabilitiesOf(url: string) {
  const { mcp_tool_name: tool, ...metadata } = capabilityOf({ mcp_server_url: url }).metadata;
  return [{ mcp_tool_name: tool ?? '' }, { mcp_prompt_name: 'greet' }, { mcp_resource_uri: 'test://note' }].map(
    (operation) => ({ ...capabilityOf({}), metadata: { ...metadata, ...operation } }),
  );
}

describe.each([
  ['legacy', startLegacyServer],
  ['modern', startModernServer],
] as const)('on a %s server', (_, startServer) => {
  test('tools, prompts and resources carry the trace of their call', async () => {
    await using server = await startServer();
    const { plugin, open } = createHarness();
    const capabilities = capabilitiesOf(server.url);
    const [first = capabilityOf({})] = capabilities;
    const session = await open(first);
    for (const capability of capabilities) {
      await plugin.executeWithSession(session, invocationOf(capability, {}, { trace }));
    }
    expect(server.metas).toEqual([trace, trace, trace].map((fields) => expect.objectContaining(fields)));
  });

  test('a call without a trace says nothing of one, on a session that carried one', async () => {
    await using server = await startServer();
    const { plugin, open } = createHarness();
    const capability = capabilityOf({ mcp_server_url: server.url });
    const session = await open(capability);
    await plugin.executeWithSession(session, invocationOf(capability, {}, { trace: { traceparent } }));
    await plugin.executeWithSession(session, invocationOf(capability));
    const keys = server.metas.map((meta) => Object.keys(meta ?? {}).filter((key) => key in trace));
    expect(keys).toEqual([['traceparent'], []]);
  });

  test('a call that opens no session carries its trace', async () => {
    await using server = await startServer();
    const { plugin } = createHarness();
    const capability = capabilityOf({ mcp_server_url: server.url, mcp_requires_session: false });
    await plugin.execute(invocationOf(capability, {}, { trace }));
    expect(server.metas).toEqual([expect.objectContaining({ ...trace })]);
  });
});
