import type { CapabilityResult, Progress } from '@capstan/provider';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { kilnRuntime } from '../support/kiln-provider.ts';
import { KilnServer } from '../support/kiln-server.ts';

let server: KilnServer;

beforeEach(async () => {
  server = await KilnServer.start();
});

afterEach(async () => {
  await server[Symbol.asyncDispose]();
});

const question = { kind: 'elicitation', params: { message: 'Which glaze?' } };

describe('a call that is asked something', () => {
  it('is answered while it lives, in a session and without one', async () => {
    const { runtime } = await kilnRuntime(server);
    for (const id of ['kiln.fire', 'kiln.alone']) {
      const asked: unknown[] = [];
      const { output } = await runtime.call(
        id,
        { asks: true },
        {
          onInputRequired: async (request) => {
            asked.push(request);
            return { action: 'accept', content: { glaze: 'tenmoku' } };
          },
        },
      );
      expect(asked).toEqual([question]);
      expect(output).toMatchObject({ answer: { action: 'accept', content: { glaze: 'tenmoku' } } });
    }
    await runtime.close();
  });

  it('returns the question where it is told to, and goes on where a second call brings the answer', async () => {
    const seen: CapabilityResult[] = [];
    const { runtime, events } = await kilnRuntime(server, {
      interceptors: [
        async (invocation, next) => {
          const result = await next(invocation);
          seen.push(result);
          return result;
        },
      ],
    });
    const first = await runtime.call('kiln.fire', { asks: true }, { inputMode: 'return' });
    expect(first).toMatchObject({
      isError: false,
      inputRequired: { requests: { glaze: question }, state: 'on the wheel' },
      call: { attempts: 1 },
    });
    const resume = { state: first.inputRequired?.state ?? '', responses: { glaze: { action: 'decline' } } };
    const second = await runtime.call('kiln.fire', { asks: true }, { inputMode: 'return', resume });
    expect(second.output).toMatchObject({ resume });
    expect(seen.map(({ inputRequired }) => inputRequired?.state)).toEqual(['on the wheel', undefined]);
    expect(events.flatMap((event) => (event.type === 'call-end' ? [event.outcome] : []))).toEqual(['ok', 'ok']);
    expect(await runtime.exportMetrics()).not.toMatch(/outcome="(?!ok")/);
    await runtime.close();
  });

  it('that goes on as a task is no error either', async () => {
    const { runtime, events } = await kilnRuntime(server, { interceptors: [(invocation, next) => next(invocation)] });
    expect(await runtime.call('kiln.fire', { slow: true })).toMatchObject({
      isError: false,
      task: { id: 'pot-1', state: { shelf: 3 } },
    });
    expect(events.at(-1)).toMatchObject({ type: 'call-end', outcome: 'ok' });
    await runtime.close();
  });

  it('hands what the caller can do to the plugin, and what the plugin tells to the caller', async () => {
    const { runtime } = await kilnRuntime(server);
    const progress: Progress[] = [];
    const logged: unknown[] = [];
    const clientCapabilities = { elicitation: {} };
    await runtime.call(
      'kiln.fire',
      {},
      { clientCapabilities, onProgress: (each) => progress.push(each), onLog: ({ data }) => logged.push(data) },
    );
    expect(progress).toEqual([{ progress: 1 }]);
    expect(logged).toEqual([clientCapabilities]);
    await runtime.close();
  });

  it('is declined where nobody answers', async () => {
    const { runtime } = await kilnRuntime(server);
    expect((await runtime.call('kiln.fire', { asks: true })).output).toMatchObject({ answer: 'declined' });
    await runtime.close();
  });
});

describe('the time that a question takes', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is not counted as silence of the upstream, and silence after the answer is', async () => {
    const { runtime } = await kilnRuntime(server, { metadata: { call_timeout_ms: 1_000 } });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<object>();
    const call = runtime.call(
      'kiln.alone',
      { asks: true },
      {
        onInputRequired: async () => {
          asked.resolve();
          return (await answer.promise) as { action: string };
        },
      },
    );
    const rejected = expect(call).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    await asked.promise;
    await vi.advanceTimersByTimeAsync(300_000);
    server.gate = new Promise(() => {});
    const sent = server.arrival('fire');
    answer.resolve({ action: 'accept' });
    await sent;
    await vi.advanceTimersByTimeAsync(2_000);
    await rejected;
    vi.useRealTimers();
    await runtime.close();
  });

  it('counts in all', async () => {
    const { runtime } = await kilnRuntime(server, { metadata: { call_max_total_ms: 60_000 } });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    const asked = Promise.withResolvers<void>();
    const call = runtime.call(
      'kiln.alone',
      { asks: true },
      {
        onInputRequired: () => {
          asked.resolve();
          return new Promise(() => {});
        },
      },
    );
    const rejected = expect(call).rejects.toMatchObject({
      cause: expect.objectContaining({ message: expect.stringContaining('call_max_total_ms') }),
    });
    await asked.promise;
    await vi.advanceTimersByTimeAsync(61_000);
    await rejected;
    vi.useRealTimers();
    await runtime.close();
  });
});
