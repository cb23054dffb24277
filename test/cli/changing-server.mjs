// An MCP server over stdio whose tools stand in the file that is its first argument, read anew at every listing.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [, , toolsFile] = process.argv;

const answers = {
  initialize: ({ protocolVersion }) => ({
    protocolVersion,
    capabilities: { tools: {} },
    serverInfo: { name: 'changing-server', version: '1.0.0' },
  }),
  'tools/list': () => ({ tools: JSON.parse(readFileSync(toolsFile, 'utf8')) }),
  'tools/call': ({ name, arguments: input }) => ({
    content: [{ type: 'text', text: `${name} ${JSON.stringify(input)} ${process.env.API_KEY ?? 'no key'}` }],
  }),
};

createInterface(process.stdin).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) return;
  const answer = answers[method];
  const reply = answer === undefined ? { error: { code: -32601, message: 'no' } } : { result: answer(params) };
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...reply })}\n`);
});
