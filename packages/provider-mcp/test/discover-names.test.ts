import { expect, test } from 'vitest';
import { nameOfCommand, nameOfUrl } from '../src/discover/server-name.ts';

test.each([
  ['npx -y @modelcontextprotocol/server-memory', 'memory'],
  ['npx -y @modelcontextprotocol/server-memory@1.2.3', 'memory'],
  ['npx some-mcp-server', 'some'],
  ['node node_modules/@modelcontextprotocol/server-everything/dist/index.js stdio', 'everything'],
  ['node /x/node_modules/.pnpm/@a+server-b@1/node_modules/@a/server-b/dist/index.js', 'b'],
  ['node ./my-server/dist/index.js', 'my'],
  ['node ../weather.ts', 'weather'],
  ['python3 -m mcp_server_git', 'git'],
  ['uvx mcp-server-fetch', 'fetch'],
  ['pnpm dlx @x/mcp-thing', 'thing'],
  ['/usr/local/bin/github-mcp-server stdio', 'github'],
  ['docker run -i --rm mcp/postgres', undefined],
  ['node dist/index.js', undefined],
])('%s is called %s', (command, name) => {
  const [first = '', ...args] = command.split(' ');
  expect(nameOfCommand(first, args)).toBe(name);
});

test.each([
  ['https://api.githubcopilot.com/mcp/', 'githubcopilot'],
  ['https://mcp.linear.app/sse', 'linear'],
  ['https://docs.mcp.cloudflare.com/mcp', 'cloudflare'],
  ['https://my-company.example/mcp', 'my_company'],
  ['http://127.0.0.1:3000/mcp', undefined],
  ['http://localhost:3000/mcp', undefined],
  ['http://[::1]:3000/mcp', undefined],
])('%s is called %s', (url, name) => {
  expect(nameOfUrl(new URL(url))).toBe(name);
});
