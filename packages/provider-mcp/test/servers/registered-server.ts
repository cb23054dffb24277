// A server of the 2025 revisions over stdio, by hand so that a hundred of them start in seconds. Its life is followed and steered by the
// `StdioRegister` at the port that is its first argument.
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

interface Message {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: { readonly protocolVersion?: string; readonly arguments?: { readonly text?: string } };
}

const register = connect(Number(process.argv[2]), '127.0.0.1');
const waiting: (() => void)[] = [];

const send = (id: Message['id'], result: object): void => {
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, result })}\n`);
};

function answer({ id, method, params }: Message): void {
  if (method === 'initialize') {
    const serverInfo = { name: 'registered-server', version: '1.0.0' };
    send(id, { protocolVersion: params?.protocolVersion, capabilities: { tools: {} }, serverInfo });
  } else if (method === 'tools/call') {
    waiting.push(() => send(id, { content: [{ type: 'text', text: params?.arguments?.text }] }));
    register.write('call\n');
  } else if (id !== undefined) send(id, {});
}

// Without its register it would live on uncounted.
register.on('error', () => process.exit(1));
register.on('close', () => process.exit(1));
createInterface(register).on('line', (line) => {
  if (line === 'exit') process.exit(0);
  waiting.shift()?.();
});
register.once('connect', () => {
  createInterface(process.stdin)
    .on('line', (line) => answer(JSON.parse(line) as Message))
    .on('close', () => process.exit(0));
});
