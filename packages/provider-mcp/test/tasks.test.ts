import { describe, expect, test } from 'vitest';
import type { Capability, Completes, ProviderPlugin, RunsTasks, TaskReference, TaskStatus } from '@capstan/provider';
import type { McpSession } from '@capstan/provider-mcp';
import { capabilityOf, createHarness, failureOf, invocationOf, jsonIn } from './harness.ts';
import { serveLegacy } from './servers/serve-legacy.ts';
import { createLegacyTaskServer, startModernTaskServer, type Oven } from './servers/task-servers.ts';

type Plugin = ProviderPlugin<McpSession> & RunsTasks<McpSession> & Completes<McpSession>;

const caller = { subject: 'alice' };
const signal = new AbortController().signal;

async function taskHost(era: 'legacy' | 'modern', oven: Oven = Promise.withResolvers<string>()) {
  const server =
    era === 'legacy' ? await serveLegacy(() => createLegacyTaskServer(oven)) : await startModernTaskServer(oven);
  const { plugin: found, open, logged } = createHarness();
  const plugin = found as Plugin;
  const toolOf = (tool: string, more: Partial<Capability> = {}, words = 'elicitation tasks'): Capability =>
    capabilityOf({ mcp_server_url: server.url, mcp_tool_name: tool, mcp_client_capabilities: words }, more);
  const session = await open(toolOf('bake'));
  return {
    plugin,
    session,
    toolOf,
    logged,
    server,
    oven,
    /** Starts the tool as a task. */
    start: async (tool: string, more: Partial<Capability> = {}): Promise<TaskReference> => {
      const capability = toolOf(tool, more);
      const { task, output, isError } = await plugin.executeWithSession(session, invocationOf(capability));
      expect([output, isError]).toEqual([null, false]);
      if (task === undefined) throw new Error('No task came of it.');
      return { ...task, capability, caller };
    },
    until: async (task: TaskReference, state: TaskStatus['state']): Promise<TaskStatus> => {
      await expect.poll(async () => (await plugin.getTask(session, task, signal)).state).toBe(state);
      return plugin.getTask(session, task, signal);
    },
    async [Symbol.asyncDispose]() {
      await plugin.terminateSession(session, 'idle');
      await server[Symbol.asyncDispose]();
    },
  };
}

describe.each(['legacy', 'modern'] as const)('on a %s server', (era) => {
  test('a call goes on as a task, which has its answer in the end', async () => {
    await using host = await taskHost(era);
    const { plugin, session, oven, start, until } = host;
    const task = await start('bake');
    expect(await plugin.getTask(session, task, signal)).toMatchObject({ state: 'working', pollAfterMs: 20 });
    oven.resolve('bread');
    expect(await until(task, 'completed')).toMatchObject({
      result: { output: 'bread', content: [{ type: 'text', text: 'bread' }], isError: false },
    });
    // A look does not use the answer up.
    expect(await plugin.getTask(session, task, signal)).toMatchObject({ result: { output: 'bread' } });
  });

  test('a tool that failed is a task that has its answer', async () => {
    await using host = await taskHost(era);
    const task = await host.start('burn');
    expect(await host.until(task, 'completed')).toMatchObject({ result: { output: 'burnt', isError: true } });
  });

  test('a task asks, is answered, and goes on', async () => {
    await using host = await taskHost(era);
    const { plugin, session, start, until } = host;
    const task = await start('ask');
    await expect
      .poll(async () => Object.values((await plugin.getTask(session, task, signal)).inputRequests ?? {}))
      .toMatchObject([{ kind: 'elicitation', params: { message: 'Your name?' } }]);
    const { inputRequests = {} } = await plugin.getTask(session, task, signal);
    const answer = { action: 'accept', content: { name: 'Ann' } };
    await plugin.updateTask(session, task, { [Object.keys(inputRequests)[0] ?? '']: answer }, signal);
    const { result } = await until(task, 'completed');
    expect(jsonIn(result?.output)).toEqual(answer);
  });

  test('a task is cancelled; one that has ended keeps its end', async () => {
    await using host = await taskHost(era);
    const { plugin, session, start, until } = host;
    const baking = await start('bake');
    expect(await plugin.cancelTask(session, baking, signal)).toMatchObject({ state: 'cancelled' });
    const burnt = await start('burn');
    await until(burnt, 'completed');
    expect(await plugin.cancelTask(session, burnt, signal)).toMatchObject({ state: 'completed' });
  });

  test('a tool that is no task answers at once, and so does any that was not told of tasks', async () => {
    await using host = await taskHost(era);
    const { plugin, session, toolOf } = host;
    const plain = await plugin.executeWithSession(session, invocationOf(toolOf('plain')));
    expect(plain).toMatchObject({ output: 'at once' });
    const untold = toolOf('bake', {}, 'elicitation');
    const other = await plugin.initializeSession({
      capability: untold,
      caller,
      mode: 'auto',
      signal,
      onLost: () => undefined,
      onStale: () => undefined,
    });
    expect(await plugin.executeWithSession(other, invocationOf(untold))).toMatchObject({ output: 'at once' });
    await plugin.terminateSession(other, 'idle');
  });

  test('a task that the server does not know is the caller’s mistake', async () => {
    await using host = await taskHost(era);
    const { plugin, session, toolOf } = host;
    const task = { id: 'nowhere', capability: toolOf('bake'), caller };
    for (const looking of [plugin.getTask(session, task, signal), plugin.cancelTask(session, task, signal)]) {
      const { error, verdict } = await failureOf(plugin, looking);
      expect(error).toMatchObject({ code: 'UPSTREAM_ERROR', retryable: false, details: { rpcCode: -32602 } });
      expect(verdict).toEqual({ kind: 'caller', sent: true });
    }
  });

  test('its answer is held against the declared output too', async () => {
    await using host = await taskHost(era);
    const { plugin, session, oven, start, until } = host;
    oven.resolve('bread');
    const task = await start('bake', { output: { type: 'object' } });
    await until(task, 'completed');
    expect(host.logged.at(-1)).toMatchObject({ message: 'mcp.output-invalid' });
    const strict = { ...task.capability, metadata: { ...task.capability.metadata, mcp_output_validation: 'strict' } };
    const { error } = await failureOf(plugin, plugin.getTask(session, { ...task, capability: strict }, signal));
    expect(error.code).toBe('OUTPUT_INVALID');
  });
});

test('a modern server hears of whose task it is in a header, and is asked without a session too', async () => {
  await using host = await taskHost('modern');
  const { plugin, server, start } = host;
  const task = await start('break');
  expect(await plugin.getTask(undefined, task, signal)).toMatchObject({ state: 'failed', message: 'broken' });
  const name = `=?base64?${Buffer.from(task.id).toString('base64')}?=`;
  expect(server.seen.at(-1)).toEqual(['tasks/get', name]);
});

test('answering what a legacy task did not ask is refused', async () => {
  await using host = await taskHost('legacy');
  const task = await host.start('bake');
  const { error, verdict } = await failureOf(
    host.plugin,
    host.plugin.updateTask(host.session, task, { nothing: { action: 'accept' } }, signal),
  );
  expect(error.code).toBe('INPUT_INVALID');
  expect(verdict.sent).toBe(false);
});
