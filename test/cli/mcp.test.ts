import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { workspaceRoot } from '../guards/workspace.ts';
import { toyWorkspace } from './toy-workspace.ts';

const require = createRequire(join(workspaceRoot, 'package.json'));
const everything = dirname(require.resolve('@modelcontextprotocol/server-everything/package.json'));

test('the bundled provider calls an MCP server over stdio, and its process ends with the command', async () => {
  await using toys = await toyWorkspace({
    'capabilities/toy.yaml': undefined,
    'capabilities/everything.yaml': `id: mcp.everything.echo
effect: read
input: { type: object, properties: { message: { type: string } }, required: [message] }
metadata:
  mcp_command: ${JSON.stringify(process.execPath)}
  mcp_args: [${JSON.stringify(join(everything, 'dist/index.js'))}]
  mcp_requires_session: auto
  mcp_tool_name: echo
`,
  });
  const { stdout, stderr, exitCode } = await toys.runBare([
    'call',
    'mcp.everything.echo',
    'message=hello',
    '--verbose',
  ]);
  expect({ stdout, exitCode }).toEqual({ stdout: 'Echo: hello\n', exitCode: 0 });
  expect(stderr).toMatch(/^session-terminated .*provider=mcp .*confirmed=true/m);
});
