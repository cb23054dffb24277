import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { importWorkspace } from './import-workspace.ts';
import { type ToyWorkspace, toyWorkspace } from './toy-workspace.ts';

const canary = 'canary-5d0f3c1e';

let toys: ToyWorkspace;
beforeAll(async () => {
  toys = await toyWorkspace();
});
afterAll(async () => {
  await toys[Symbol.asyncDispose]();
});

describe.concurrent('a secret in the environment', () => {
  test.each([
    ['toy.parrot', '--verbose'],
    ['toy.parrotError', '--verbose'],
    ['toy.parrotError', '--json'],
  ])('stays out of everything printed by: call %s %s', async (...args) => {
    const { stdout, stderr } = await toys.run(['call', ...args], { environment: { TOY_TOKEN: canary } });
    expect(stdout + stderr).not.toContain(canary);
    expect(stdout + stderr).toContain('[redacted TOY_TOKEN]');
  });
});

const leakingServer = fileURLToPath(new URL('./leaking-server.mjs', import.meta.url));
const started = ['--env', 'API_KEY=API_KEY', '--', process.execPath, leakingServer];

describe.concurrent('a secret that an MCP server repeats in its errors and on stderr', { timeout: 60_000 }, () => {
  test.each([
    [['import', 'mcp', '--verbose', ...started]],
    [['import', 'mcp', '--json', ...started]],
    [['accept', '--all', '--verbose']],
    [['accept', '--all', '--json']],
    [['complete', 'mcp.leaking.prompt', 'city=Z', '--verbose']],
    [['complete', 'mcp.leaking.prompt', 'city=Z', '--json']],
    [['task', 'mcp.leaking.tool', 'task-1', '--verbose']],
    [['task', 'mcp.leaking.tool', 'task-1', '--json']],
    [['task', 'mcp.leaking.tool', 'task-1', '--cancel', '--verbose']],
    [['call', 'mcp.leaking.tool', '--verbose']],
    [['call', 'mcp.leaking.prompt', '--json']],
  ])('stays out of everything printed and written by: capstan %j', async (args) => {
    using workspace = importWorkspace([]);
    const metadata = { mcp_command: process.execPath, mcp_args: leakingServer, mcp_env: 'API_KEY=API_KEY' };
    const pin = { mcp_definition_sha256: 'a'.repeat(64) };
    workspace.write(
      'capabilities/leaking.yaml',
      JSON.stringify({
        metadata,
        capabilities: [
          { id: 'mcp.leaking.tool', metadata: { mcp_tool_name: 'tool', ...pin } },
          { id: 'mcp.leaking.prompt', kind: 'prompt', effect: 'read', metadata: { mcp_prompt_name: 'prompt' } },
        ],
      }),
    );
    const { stdout, stderr, exitCode } = await workspace.run(args, { API_KEY: canary });
    expect(exitCode).toBe(7);
    expect(stdout + stderr).not.toContain(canary);
    expect(stdout + stderr).toMatch(/\[secret\]|\[redacted API_KEY\]/);
    expect(workspace.list('capabilities')).toEqual(['leaking.yaml']);
  });
});
