import { Client, SdkErrorCode } from '@modelcontextprotocol/client';
import { CapstanError } from '@capstan/provider';
import { describe, expect, test, vi } from 'vitest';
import { isRunning, startPeer, transportOf } from './servers/stdio-peer.ts';

describe('messages', () => {
  test('of 10 MiB go both ways', async (context) => {
    const { request } = await startPeer(context);
    const text = 'ä'.repeat(5_242_880);
    expect((await request('echo', { text }))['text'] === text).toBe(true);
  });

  test('are read on after lines that are none, each of which is reported without being quoted', async (context) => {
    const { request, errors, received } = await startPeer(context);
    expect(await request('banner')).toEqual({ text: 'after the banner' });
    expect(received).toHaveLength(1);
    expect(errors.map((error) => CapstanError.isInstance(error) && error.code)).toEqual(
      Array.from({ length: 4 }, () => 'OUTPUT_INVALID'),
    );
    expect(errors.map(({ message }) => message).join()).not.toContain('Welcome');
  });

  test('beyond the limit end the connection and the process, with a typed error', async (context) => {
    const { transport, tell, errors, ends } = await startPeer(context, { maxMessageBytes: 1_000_000 });
    const { pid } = transport;
    await tell('endless');
    await transport.closed;
    expect(errors).toEqual([transport.failure]);
    expect(transport.failure).toMatchObject({ code: 'OUTPUT_INVALID', details: { maxMessageBytes: 1_000_000 } });
    expect(ends).toEqual([0]);
    expect(isRunning(pid)).toBe(false);
    await expect(tell('echo')).rejects.toMatchObject({ cause: transport.failure });
  });

  test('that were written before the process exited are delivered before the end is told, once', async (context) => {
    const { transport, tell, ends } = await startPeer(context);
    await tell('say-and-exit', { count: 5000 });
    await transport.closed;
    await transport.close();
    expect(ends).toEqual([5000]);
  });

  test('reach a server that reads late in order and whole, with one wait for all', async (context) => {
    const { transport, request, received, errors } = await startPeer(context);
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on('warning', onWarning);
    await request('pause');
    const text = 'x'.repeat(20_000);
    const sent = Array.from({ length: 200 }, (_, id) =>
      transport.send({ jsonrpc: '2.0', id, method: 'echo', params: { text: `${id} ${text}` } }),
    );
    let settled = 0;
    for (const each of sent) void each.then(() => (settled += 1));
    // More than a pipe holds was written, so somebody has to wait.
    await vi.waitFor(() => expect(settled).toBeGreaterThan(0));
    expect(settled).toBeLessThan(200);
    process.kill(Number(transport.pid), 'SIGUSR2');
    await Promise.all(sent);
    await vi.waitFor(() => expect(received).toHaveLength(201), { timeout: 10_000 });
    expect(received.slice(1).map((message) => 'id' in message && message.id)).toEqual(
      Array.from({ length: 200 }, (_, id) => id),
    );
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
    expect(errors).toEqual([]);
  });

  test('are no longer taken where the server closed its input, and the rest goes on', async (context) => {
    const { transport, request, tell, ends } = await startPeer(context);
    await request('close-input');
    const error: unknown = await tell('echo', { text: 'x'.repeat(1_000_000) }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'ConnectionEnded', sent: false, cause: { code: 'EPIPE' } });
    expect(ends).toEqual([]);
    await transport.close();
    expect(ends).toEqual([1]);
  });

  test('that wait for a server are refused when it ends', async (context) => {
    const { transport, request } = await startPeer(context);
    await request('pause');
    const sent = Array.from({ length: 50 }, (_, id) =>
      transport.send({ jsonrpc: '2.0', id, method: 'echo', params: { text: 'x'.repeat(100_000) } }),
    );
    const outcomes = Promise.allSettled(sent);
    process.kill(Number(transport.pid), 'SIGKILL');
    expect((await outcomes).at(-1)).toMatchObject({
      status: 'rejected',
      reason: { name: 'ConnectionEnded', sent: false },
    });
  });

  test('are refused before the start and after the end', async (context) => {
    const transport = transportOf(process.execPath, []);
    const ping = { jsonrpc: '2.0', id: 1, method: 'ping' } as const;
    await expect(transport.send(ping)).rejects.toMatchObject({ name: 'ConnectionEnded', sent: false });
    const { transport: ended, tell } = await startPeer(context);
    await ended.close();
    await expect(tell('echo')).rejects.toMatchObject({ name: 'ConnectionEnded', sent: false });
  });

  test('that the SDK waits for are given up at once when the process exits', async () => {
    const code = "process.stdin.once('data', () => process.exit(3))";
    const transport = transportOf(process.execPath, ['-e', code]);
    const client = new Client({ name: 'test', version: '1.0.0' });
    await expect(client.connect(transport)).rejects.toMatchObject({ code: SdkErrorCode.ConnectionClosed });
    await transport.closed;
  });
});
