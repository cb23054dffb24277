import { afterEach, expect, test, vi } from 'vitest';
import { capabilityOf, createHarness } from './harness.ts';
import { jsonAnswer, startScriptedServer } from './servers/scripted-server.ts';

afterEach(() => {
  vi.useRealTimers();
});

test.each([
  ['five minutes', 300_000, [1, 1, 2]],
  ['nothing, so an hour', undefined, [1, 1, 1]],
  ['zero, so an hour', 0, [1, 1, 1]],
  ['a day, so an hour', 86_400_000, [1, 1, 1]],
])('what a modern server says of itself holds for as long as it says: %s', async (_, ttlMs, asked) => {
  vi.useFakeTimers({ toFake: ['Date'] });
  await using server = await startScriptedServer(({ id }) =>
    jsonAnswer({
      jsonrpc: '2.0',
      id,
      result: {
        resultType: 'complete',
        cacheScope: 'private',
        ...(ttlMs !== undefined && { ttlMs }),
        supportedVersions: ['2026-07-28'],
        capabilities: {},
      },
    }),
  );
  const { open } = createHarness();
  const counts: number[] = [];
  for (const passed of [0, 299_000, 2000]) {
    vi.setSystemTime(Date.now() + passed);
    await open(capabilityOf({ mcp_server_url: server.url }));
    counts.push(server.requests.length);
  }
  expect(counts).toEqual(asked);
  vi.setSystemTime(Date.now() + 3_600_000);
  await open(capabilityOf({ mcp_server_url: server.url }));
  expect(server.requests.length).toBe((asked.at(-1) ?? 0) + 1);
});
