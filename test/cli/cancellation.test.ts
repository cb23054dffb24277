import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { documentOf } from './capstan.ts';
import { toyWorkspace } from './toy-workspace.ts';

describe.concurrent('a running call', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('is cancelled by %s: its session ends, then the command, with %i', async (signal, exitCode) => {
    await using toys = await toyWorkspace();
    const { child, finished } = toys.start(['call', 'toy.slow', '--json']);
    await toys.upstream.arrived('slow');
    child.kill(signal);
    const result = await finished;
    expect(result.exitCode).toBe(exitCode);
    expect(documentOf(result)).toMatchObject({ error: { code: 'CANCELLED' } });
    expect(toys.upstream.opened).toHaveLength(1);
    expect(toys.upstream.ended).toEqual(toys.upstream.opened);
  });

  test('is cancelled while it still waits for its input', async () => {
    await using toys = await toyWorkspace({ 'capabilities/bad.yaml': 'id: toy.bad\n' });
    const { child, finished } = toys.start(['call', 'toy.echo', '--input', '-'], { input: { open: true } });
    // The problems of the manifests are told right before the input is read.
    await new Promise((resolve) => child.stderr?.once('data', resolve));
    child.kill('SIGINT');
    expect(await finished).toMatchObject({ exitCode: 130, stderr: expect.stringContaining('error CANCELLED: ') });
    expect(toys.upstream.opened).toEqual([]);
  });

  test('tells a person that it was cancelled', async () => {
    await using toys = await toyWorkspace();
    const { child, finished } = toys.start(['call', 'toy.slow']);
    await toys.upstream.arrived('slow');
    child.kill('SIGINT');
    expect(await finished).toMatchObject({
      exitCode: 130,
      stdout: '',
      stderr: expect.stringContaining('error CANCELLED: '),
    });
  });

  test('ends at once on the second SIGINT, even where a session does not end', async () => {
    await using toys = await toyWorkspace();
    const ending = toys.upstream.holdEndings();
    const { child, finished } = toys.start(['call', 'toy.slow']);
    await toys.upstream.arrived('slow');
    child.kill('SIGINT');
    await ending;
    child.kill('SIGINT');
    expect(await finished).toMatchObject({ exitCode: 130 });
    expect(toys.upstream.ended).toEqual([]);
  });

  test('takes a server that ends neither by itself nor when asked along on the second SIGTERM', async () => {
    const lifeline = createServer().listen(0, '127.0.0.1');
    await once(lifeline, 'listening');
    const { port } = lifeline.address() as AddressInfo;
    await using toys = await toyWorkspace({
      'stubborn.mjs': `import { connect } from 'node:net';
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => {});
setInterval(() => {}, 3_600_000);
connect(${port}, '127.0.0.1');
`,
      'capabilities/stubborn.yaml':
        'id: mcp.stubborn.tool\nmetadata: { mcp_command: node, mcp_args: stubborn.mjs, mcp_cwd: .., mcp_tool_name: tool }\n',
    });
    const { child, finished } = toys.start(['call', 'mcp.stubborn.tool', '--verbose']);
    const [server] = (await once(lifeline, 'connection')) as [Socket];
    const ended = once(server.on('error', () => {}).resume(), 'close');
    const cancelling = Promise.withResolvers<void>();
    child.stderr?.on('data', (text: Buffer) => {
      if (text.includes('cancelling')) cancelling.resolve();
    });
    child.kill('SIGTERM');
    await cancelling.promise;
    child.kill('SIGTERM');
    expect(await finished).toMatchObject({ exitCode: 143 });
    await ended;
    lifeline.close();
  });
});
