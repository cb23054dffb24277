import { expect, it } from 'vitest';
import { githubRuntime } from '../e2e/github-runtime.ts';

const token = process.env['MCP_AUTH_TOKEN'] ?? process.env['GITHUB_PAT'];

if (token === undefined) {
  process.emitWarning(
    'SKIPPED: set MCP_AUTH_TOKEN or GITHUB_PAT (and MCP_SERVER_URL for another server) to run the live test.',
  );
}

it.skipIf(token === undefined)(
  'calls GitHub over one session, without a refusal, and reuses it',
  { timeout: 60_000 },
  async () => {
    const { runtime, events } = await githubRuntime({
      MCP_AUTH_TOKEN: token,
      MCP_SERVER_URL: process.env['MCP_SERVER_URL'],
    });
    const first = await runtime.call('mcp.github.get_me');
    const second = await runtime.call('mcp.github.list_issues', {
      owner: 'github',
      repo: 'github-mcp-server',
      perPage: 1,
    });
    await runtime.close();
    expect(events.filter(({ type }) => type === 'session-initialized')).toHaveLength(1);
    expect([first.isError, second.isError]).toEqual([false, false]);
    expect(second.call.session).toBe('reused');
    expect(JSON.stringify([events, first, second])).not.toContain(token);
  },
);
