import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCallContext } from '../src/call-context.ts';
import { McpSession } from '../src/mcp-session.ts';
import { isRpcMessage, type RpcMessage } from '../src/wire/json-rpc.ts';
import { McpPeer } from '../src/wire/peer.ts';
import type { SendOptions, Wire } from '../src/wire/wire.ts';
import { ConnectionEnded, ForeignAnswer, RpcError } from '../src/wire/wire-errors.ts';
import { capabilityOf } from './harness.ts';

/** Keeps what is sent, and says what a test wants said. */
class TalkingWire implements Wire {
  readonly hasStreams = false;
  readonly sessionId = undefined;
  readonly sent: { readonly message: RpcMessage; readonly deliver: SendOptions['deliver'] }[] = [];
  onmessage?: (message: RpcMessage) => void;
  onclose?: () => void;
  async start(): Promise<void> {}
  setProtocolVersion(): void {}
  async endSession(): Promise<void> {}
  async listen(): Promise<void> {}
  async send(message: RpcMessage, { deliver }: SendOptions = {}): Promise<void> {
    this.sent.push({ message, deliver });
  }
  async close(): Promise<void> {
    this.onclose?.();
  }
}

const methods = 'ping elicitation/create sampling/createMessage roots/list constructor __proto__ toString'.split(' ');
const told = 'message progress cancelled tools/list_changed resources/updated elicitation/complete'.split(' ');
const words = fc.constantFrom(...methods, ...told.map((name) => `notifications/${name}`));
const names = fc.constantFrom('_meta', 'progressToken', 'progress', 'level', 'uri', 'code', 'content', '__proto__');
const value = fc.oneof(
  { depthSize: 'small' },
  fc.jsonValue(),
  fc.dictionary(fc.oneof(names, fc.string()), fc.jsonValue(), { noNullPrototype: true }),
);
const id = fc.oneof(fc.nat(4), fc.nat(4).map(String), value);
const message = fc.record(
  {
    jsonrpc: fc.oneof({ weight: 9, arbitrary: fc.constant('2.0') }, { weight: 1, arbitrary: value }),
    id,
    method: fc.oneof({ weight: 4, arbitrary: words }, { weight: 1, arbitrary: value }),
    params: value,
    result: value,
    error: value,
  },
  { requiredKeys: ['jsonrpc'], noNullPrototype: true },
);
const messages = fc.array(fc.tuple(fc.oneof(message, value), fc.boolean()), { minLength: 50, maxLength: 50 });

test.each(['legacy', 'modern'] as const)('5000 messages of any kind break nothing (%s)', async (era) => {
  const context = createCallContext({ capability: capabilityOf({}), caller: {} });
  await fc.assert(
    fc.asyncProperty(messages, async (said) => {
      const wire = new TalkingWire();
      const logger = { log: () => undefined };
      const nothing = (): void => undefined;
      const options = { where: 'here', mode: 'auto', subscribe: false, logger } as const;
      const listeners = { onLost: nothing, onStale: nothing, onChanged: nothing, onGap: nothing };
      const session = await McpSession.open({ ...options, ...listeners }, async (handlers) => ({
        peer: new McpPeer({ wire, handlers }),
        wire,
        child: undefined,
        clientCapabilities: { elicitation: {}, roots: {} },
        era,
        protocolVersion: '2025-11-25',
        serverName: undefined,
        serverCapabilities: {},
        secretValues: new Set<string>(),
        instructions: undefined,
      }));
      const { peer } = session.connection;
      const limits = { timeoutMs: Infinity, context, onProgress: nothing };
      const asked = Array.from({ length: 5 }, () => peer.request('tools/call', { name: 'x' }, limits));
      const outcomes = Promise.allSettled(asked);
      const streams = wire.sent.map(({ deliver }) => deliver);
      for (const [index, [value, onStream]] of said.entries()) {
        // As they come over the wire.
        const parsed: unknown = JSON.parse(JSON.stringify(value) ?? 'null');
        if (!isRpcMessage(parsed)) continue;
        if (onStream) streams[index % streams.length]?.(parsed);
        else wire.onmessage?.(parsed);
      }
      await new Promise(setImmediate);
      const answers = wire.sent.slice(asked.length).map((each) => each.message);
      for (const answer of answers) expect(isRpcMessage(answer)).toBe(true);
      expect(answers.every((answer) => !('method' in answer) && answer.id !== null)).toBe(true);
      await session.terminate();
      const kinds = (await outcomes).map((outcome) =>
        outcome.status === 'fulfilled' ? Object : (outcome.reason as Error).constructor,
      );
      for (const kind of kinds) expect([Object, RpcError, ForeignAnswer, ConnectionEnded]).toContain(kind);
      expect(Object.hasOwn(Object.prototype, 'progress')).toBe(false);
    }),
    { numRuns: 100, seed: 18 },
  );
});
