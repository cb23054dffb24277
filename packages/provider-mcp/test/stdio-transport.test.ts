import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, test, type TestContext } from 'vitest';
import { expectGone, isRunning, oddServer, startPeer, transportOf, type Peer } from './servers/stdio-peer.ts';

const hostScript = fileURLToPath(new URL('./servers/stdio-host.ts', import.meta.url));

describe('the end', () => {
  test('is told once and can be asked for many times, at once and later', async (context) => {
    const { transport, ends } = await startPeer(context);
    const { pid } = transport;
    await Promise.all([transport.close(), transport.end(), transport.close()]);
    await transport.close();
    await transport.closed;
    expect(ends).toEqual([0]);
    expect(isRunning(pid)).toBe(false);
  });

  test('can be asked for before and during the start', async () => {
    const never = transportOf(process.execPath, [oddServer]);
    await never.close();
    await expect(never.start()).rejects.toThrow('started once');
    const starting = transportOf(process.execPath, [oddServer]);
    const started = starting.start();
    await starting.close();
    await started;
    expect(isRunning(starting.pid)).toBe(false);
  });

  test('is told where there is no such command, and the start rejects with what the system said', async () => {
    const transport = transportOf('capstan-no-such-command', []);
    let ends = 0;
    transport.onclose = () => (ends += 1);
    await expect(transport.start()).rejects.toMatchObject({ code: 'ENOENT' });
    await transport.closed;
    await transport.close();
    expect(ends).toBe(1);
  });

  test('of a hundred processes is watched over by one listener, which goes with the last', async () => {
    const before = process.listenerCount('exit');
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on('warning', onWarning);
    const transports = Array.from({ length: 100 }, () => transportOf('cat', []));
    await Promise.all(transports.map((transport) => transport.start()));
    expect(process.listenerCount('exit')).toBe(before + 1);
    await Promise.all(transports.map((transport) => transport.end()));
    expect(process.listenerCount('exit')).toBe(before);
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });
});

describe.concurrent('the end', () => {
  test('comes to a process that closed its output, and to one that hears no SIGTERM', async (context) => {
    const { transport, request, tell, ends } = await startPeer(context);
    await request('stubborn');
    await tell('close-output');
    await transport.closed;
    expect(ends).toEqual([1]);
    expect(isRunning(transport.pid)).toBe(false);
    expect(await transport.stderr.lastLines(5, 0)).toEqual(['heard SIGTERM']);
  });

  test.for<[string, (peer: Peer) => Promise<void>]>([
    ['close()', ({ transport }) => transport.close()],
    ['a SIGKILL of the process', async ({ transport }) => void process.kill(Number(transport.pid), 'SIGKILL')],
    ['the process exited by itself', ({ tell }) => tell('exit')],
  ])('leaves no grandchild after %s, though it holds the output and hears no SIGTERM', async ([, end], context) => {
    const peer = await startPeer(context);
    const { pid: grandchild } = await peer.request('grandchild');
    expect(isRunning(grandchild)).toBe(true);
    await end(peer);
    await peer.transport.closed;
    await expectGone(grandchild);
    expect(isRunning(peer.transport.pid)).toBe(false);
    expect(peer.ends).toEqual([1]);
  });

  test.for(['process.exit', 'an uncaught error'])(
    'of the host by %s kills the server and its grandchild',
    async (way, context) => {
      const host = await startHost(context, way);
      await host.exited;
      expect(host.pids).toHaveLength(2);
      for (const pid of host.pids) await expectGone(pid);
    },
  );

  test('of the host by SIGKILL is seen by a server as the end of its input', async (context) => {
    const host = await startHost(context, 'SIGKILL, with a server that obeys');
    expect(host.pids).toHaveLength(1);
    host.child.kill('SIGKILL');
    for (const pid of host.pids) await expectGone(pid);
  });
});

test('10 MiB on standard error do not block the server', async (context) => {
  const { request, transport } = await startPeer(context);
  await request('chatter', { count: 10_485_760 });
  await transport.close();
  expect(await transport.stderr.lastLines(1, 0)).toEqual([]);
});

test('no shell runs: what a shell would act on arrives as it is, and the process is our own child', async (context) => {
  const args = [
    '$(touch pwned)',
    '`touch pwned`',
    '; touch pwned',
    '| touch pwned',
    '&& touch pwned',
    '> pwned',
    '*',
    '~',
    'a b',
    "'",
    '"',
    '\n',
    '',
  ];
  const { request, transport } = await startPeer(context, { args });
  expect(await request('inspect')).toEqual({ pid: transport.pid, ppid: process.pid, args });
  expect(existsSync('pwned')).toBe(false);
});

/** A host app in a process of its own; `pids` are those of its server and of what that one started. */
async function startHost({ onTestFinished }: TestContext, way: string) {
  const child = spawn(process.execPath, ['--conditions=capstan-source', hostScript, way, oddServer], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const exited = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const [text] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { child, exited, pids: JSON.parse(text) as number[] };
}
