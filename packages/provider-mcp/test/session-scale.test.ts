import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { capabilityOf, createHarness, invocationOf } from './harness.ts';
import { startLegacyServer } from './servers/legacy-server.ts';
import { startModernServer } from './servers/modern-server.ts';

test('a hundred sessions that are evicted are a hundred sessions ended at the server', async () => {
  await using server = await startLegacyServer({ answers: 'json' });
  const { plugin, open } = createHarness();
  const capability = capabilityOf({ mcp_server_url: server.url, mcp_protocol: 'legacy' });
  const sessions = await Promise.all(Array.from({ length: 100 }, () => open(capability)));
  expect([server.counts.initialize, server.sessionIds.length]).toEqual([100, 100]);
  await Promise.all(sessions.map((session) => plugin.terminateSession(session, 'evicted')));
  expect([server.counts.delete, server.sessionIds.length]).toEqual([100, 0]);
});

test.each([
  ['legacy', () => startLegacyServer({ answers: 'json' })],
  ['modern', startModernServer],
] as const)(
  'five thousand calls leave nothing waiting on the signals that outlive them (%s)',
  async (_, start) => {
    await using server = await start();
    const { plugin, open } = createHarness();
    const capability = capabilityOf({ mcp_server_url: server.url });
    const session = await open(capability);
    const { signal } = new AbortController();
    for (let round = 0; round < 50; round += 1)
      await Promise.all(
        Array.from({ length: 100 }, (_each, index) =>
          plugin.executeWithSession(session, invocationOf(capability, { text: `${index}` }, { signal })),
        ),
      );
    expect(server.counts.calls).toBe(5000);
    const waiting = [signal, session.closing].map((each) => getEventListeners(each, 'abort').length);
    expect(waiting[0]).toBeLessThanOrEqual(10);
    expect(waiting[1]).toBeLessThanOrEqual(10);
    await plugin.terminateSession(session, 'idle');
  },
  60_000,
);
