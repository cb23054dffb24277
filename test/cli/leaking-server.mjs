// An MCP server over stdio that repeats its credential wherever a server can say something that is no result.
import { createInterface } from 'node:readline';

const { API_KEY } = process.env;
process.stderr.write(`starting with ${API_KEY}\n`);

createInterface(process.stdin).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) return;
  const capabilities = { tools: {}, prompts: {}, completions: {}, tasks: { list: {}, cancel: {} } };
  const reply =
    method === 'initialize'
      ? { result: { protocolVersion: params.protocolVersion, capabilities, serverInfo: { name: 'x', version: '1' } } }
      : { error: { code: -32603, message: `not with ${API_KEY}`, data: { API_KEY, said: [`Bearer ${API_KEY}`] } } };
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...reply })}\n`);
});
