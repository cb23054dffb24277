import { fileURLToPath } from 'node:url';
import type { JSONRPCMessage } from '@modelcontextprotocol/client';
import { expect, vi, type TestContext } from 'vitest';
import { StdioTransport } from '../../src/stdio-transport.ts';

export const oddServer = fileURLToPath(new URL('./stdio-odd-server.ts', import.meta.url));
const env = { PATH: process.env['PATH'] ?? '' };

export function transportOf(
  command: string,
  args: readonly string[] = [],
  options: { readonly maxMessageBytes?: number } = {},
): StdioTransport {
  return new StdioTransport({ command, args, env, cwd: undefined }, options);
}

/** A transport to the odd server, and what came of it. */
export interface Peer {
  readonly transport: StdioTransport;
  readonly received: JSONRPCMessage[];
  readonly errors: Error[];
  /** What was received when the connection ended, each time that it was said to end. */
  readonly ends: number[];
  /** The result of a request, whatever the odd server makes of it. */
  readonly request: (method: string, params?: object) => Promise<Record<string, unknown>>;
  readonly tell: (method: string, params?: object) => Promise<void>;
}

/** Ends with the test. */
export async function startPeer(
  { onTestFinished }: TestContext,
  options: { readonly args?: readonly string[]; readonly maxMessageBytes?: number } = {},
): Promise<Peer> {
  const { args = [], ...limits } = options;
  const transport = transportOf(process.execPath, [oddServer, ...args], limits);
  onTestFinished(() => transport.end());
  const received: JSONRPCMessage[] = [];
  const errors: Error[] = [];
  const ends: number[] = [];
  const waiting = new Map<unknown, (result: Record<string, unknown>) => void>();
  transport.onmessage = (message) => {
    received.push(message);
    if ('result' in message) waiting.get(message.id)?.(message.result);
  };
  transport.onerror = (error) => errors.push(error);
  transport.onclose = () => ends.push(received.length);
  await transport.start();
  let nextId = 1000;
  return {
    transport,
    received,
    errors,
    ends,
    tell: (method, params = {}) => transport.send({ jsonrpc: '2.0', id: (nextId += 1), method, params: { ...params } }),
    request: async (method, params = {}) => {
      const id = (nextId += 1);
      const { promise, resolve } = Promise.withResolvers<Record<string, unknown>>();
      waiting.set(id, resolve);
      await transport.send({ jsonrpc: '2.0', id, method, params: { ...params } });
      return promise;
    },
  };
}

export function isRunning(pid: unknown): boolean {
  if (typeof pid !== 'number') throw new TypeError('There is no such process.');
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return true;
}

export const expectGone = (pid: unknown): Promise<void> =>
  vi.waitFor(() => expect(isRunning(pid)).toBe(false), { timeout: 10_000, interval: 20 });
