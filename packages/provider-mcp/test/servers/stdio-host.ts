// A host app that starts a server which does not want to end, tells who runs, and ends in the way that its first argument names.
import { StdioTransport } from '../../src/stdio-transport.ts';

const [, , way, script = ''] = process.argv;
const transport = new StdioTransport({
  command: process.execPath,
  args: [script],
  env: { PATH: process.env['PATH'] ?? '' },
  cwd: undefined,
});

function endHost(): void {
  if (way === 'process.exit') process.exit(0);
  if (way === 'an uncaught error') throw new Error('as asked');
  // Otherwise somebody else ends it.
}

transport.onmessage = (message) => {
  if (!('result' in message) || (message.id !== 'grandchild' && message.id !== 'alone')) return;
  const { pid } = message.result;
  process.stdout.write(`${JSON.stringify(message.id === 'alone' ? [pid] : [transport.pid, pid])}\n`, endHost);
};
await transport.start();
if (way === 'SIGKILL, with a server that obeys') {
  await transport.send({ jsonrpc: '2.0', id: 'alone', method: 'inspect' });
} else {
  await transport.send({ jsonrpc: '2.0', id: 'stubborn', method: 'stubborn' });
  await transport.send({ jsonrpc: '2.0', id: 'grandchild', method: 'grandchild' });
}
