import { mcpProvider } from '@capstan/provider-mcp';
import { createRuntime, type RuntimeEvent } from '@capstan/runtime';
import { fileURLToPath } from 'node:url';
import { EverythingServer } from './everything-server.ts';
import { narrate } from './narrate.ts';

const manifests = fileURLToPath(new URL('../../capabilities', import.meta.url));
const events: RuntimeEvent[] = [];

async function main(): Promise<void> {
  console.log('\nStarting the upstream: @modelcontextprotocol/server-everything, over Streamable HTTP …');
  await using server = await EverythingServer.start();
  console.log(`  listening at ${server.url}`);

  const runtime = await createRuntime({
    manifests,
    providers: [mcpProvider()],
    environment: { ...process.env, EVERYTHING_SERVER_URL: server.url },
  });
  runtime.marketplace.events.on((event) => {
    events.push(event);
    narrate(event);
  });
  const loaded = runtime.marketplace.list();
  const files = new Set(loaded.map(({ source }) => source.file));
  console.log(`\nLoaded ${loaded.length} capabilities from ${files.size} manifests in capabilities/.`);

  try {
    await call('mcp.everything.echo', { message: 'hello, capstan' }, 'Echo: hello, capstan');
    await call('mcp.everything.get_sum', { a: 20, b: 22 }, 'The sum of 20 and 22 is 42.');
    await call('mcp.everything.echo', { message: 'again' }, 'Echo: again');
    await call('mcp.everything.get_sum', { a: 1, b: 2 }, 'The sum of 1 and 2 is 3.');
    await call('mcp.everything_stdio.echo', { message: 'over stdio' }, 'Echo: over stdio');
  } finally {
    console.log('\nClosing the runtime …');
    await runtime.close();
  }

  expectEqual('sessions initialised', count('session-initialized'), 2);
  expectEqual('calls that reused a session', count('session-reused'), 3);
  expectEqual('sessions whose end was confirmed', ended(), 2);
  expectEqual('sessions that the HTTP server was told to end', server.terminations, 1);
  console.log(
    '\nOne HTTP session carried four calls of two capabilities, one process carried a fifth; both ended. It works.\n',
  );

  async function call(id: string, input: Record<string, string | number>, expected: string): Promise<void> {
    console.log(`\ncapstan call ${id} ${JSON.stringify(input)}`);
    const { output } = await runtime.call(id, input);
    console.log(`  result           ${JSON.stringify(output)}`);
    expectEqual(`the result of ${id}`, output, expected);
  }
}

function count(type: RuntimeEvent['type']): number {
  return events.filter((event) => event.type === type).length;
}

function ended(): number {
  return events.filter((event) => event.type === 'session-terminated' && event.confirmed).length;
}

function expectEqual(what: string, seen: unknown, expected: unknown): void {
  if (seen !== expected) throw new Error(`${what}: expected ${JSON.stringify(expected)}, saw ${JSON.stringify(seen)}`);
}

try {
  await main();
} catch (error) {
  console.error('\nThe demo failed:', error);
  process.exitCode = 1;
}
