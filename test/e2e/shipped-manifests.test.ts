import { mcpProvider } from '@capstan/provider-mcp';
import { createRuntime, type Runtime } from '@capstan/runtime';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';

const capabilities = fileURLToPath(new URL('../../capabilities', import.meta.url));
let runtime: Runtime;

beforeAll(async () => {
  runtime = await createRuntime({ manifests: capabilities, providers: [mcpProvider()], environment: {} });
});

afterAll(async () => {
  await runtime.close();
});

it('are loaded without a problem', () => {
  expect(runtime.marketplace.list().map(({ id }) => id)).toEqual([
    'mcp.everything.echo',
    'mcp.everything.get_sum',
    'mcp.everything.get_weather',
    'mcp.everything.long_running',
    'mcp.everything_stdio.echo',
    'mcp.everything_stdio.get_sum',
    'mcp.everything_stdio.long_running',
    'mcp.filesystem.list_allowed_directories',
    'mcp.filesystem.list_directory',
    'mcp.filesystem.read_text_file',
    'mcp.github.get_me',
    'mcp.github.list_issues',
    'mcp.memory.create_entities',
    'mcp.memory.read_graph',
    'mcp.memory.search_nodes',
  ]);
});

it('call the file system server over one process', async () => {
  const allowed = await runtime.call('mcp.filesystem.list_allowed_directories');
  expect(allowed.output).toMatchObject({ content: expect.stringContaining(capabilities.replace(/\/$/, '')) });
  const listed = await runtime.call('mcp.filesystem.list_directory', { path: '.' });
  expect(JSON.stringify(listed.output)).toContain('github.yaml');
  const read = await runtime.call('mcp.filesystem.read_text_file', { path: 'github.yaml', head: 2 });
  expect(JSON.stringify(read.output)).toContain("GitHub's own server");
  expect(read.call.session).toBe('reused');
});

it('call the memory server', async () => {
  const { output } = await runtime.call('mcp.memory.search_nodes', { query: 'a thing that nobody ever stored' });
  expect(output).toEqual({ entities: [], relations: [] });
});

it('say which variable is missing where an account is needed, and that a server is down', async () => {
  await expect(runtime.call('mcp.github.get_me')).rejects.toMatchObject({
    code: 'UNAUTHORIZED',
    message: expect.stringContaining('MCP_AUTH_TOKEN'),
  });
});
