import { serveControl } from '@capstan/runtime';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { counterRuntime } from '../support/counter-runtime.ts';
import { CounterServer } from '../support/counter-server.ts';
import { controlFolder } from './control-folder.ts';
import { rawClient, say, told } from './raw-client.ts';

const canary = 'canary-4be1d07c';

let server: CounterServer;
let folder: ReturnType<typeof controlFolder>;

beforeEach(async () => {
  server = await CounterServer.start();
  folder = controlFolder();
});

afterEach(async () => {
  folder[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

it('sends no secret that calls, sessions, errors and metrics have met, and no session id of the upstream', async () => {
  server.token = canary;
  const declaration = { metadata: { counter_auth_env_var: 'COUNTER_TOKEN' } };
  await using runtime = (await counterRuntime(server, [declaration], { environment: { COUNTER_TOKEN: canary } }))
    .runtime;
  await using control = await serveControl(
    {
      marketplace: runtime.marketplace,
      sessions: runtime.sessions,
      exportMetrics: async () => {
        const metrics = await runtime.exportMetrics();
        if (server.token === canary) return metrics;
        throw new Error(`It was ${canary}.`);
      },
    },
    { directory: folder.path },
  );
  await runtime.call('counter.count', { text: canary });
  const upstreamIds = [...server.sessions];
  const ask = async (): Promise<readonly unknown[]> => {
    const socket = await rawClient(control.address);
    const session = runtime.sessions?.list()[0]?.id;
    const requests = [{ ask: 'info' }, { ask: 'sessions' }, { ask: 'metrics' }, { ask: 'terminate', session }];
    socket.end(requests.map((request) => `${JSON.stringify(request)}\n`).join(''));
    return await told(socket);
  };
  const whileItWorks = await ask();
  server.token = 'another-token';
  await expect(runtime.call('counter.count', { text: canary })).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  const whenItFails = await ask();
  const sent = JSON.stringify([whileItWorks, whenItFails, await say(control.address, `{"ask":"${canary}"}\n`)]);
  expect(whileItWorks).toHaveLength(4);
  expect(whenItFails).toMatchObject([{ ok: true }, { ok: true }, { error: { code: 'UPSTREAM_ERROR' } }, { ok: true }]);
  expect(upstreamIds).toHaveLength(1);
  for (const secret of [canary, ...upstreamIds]) expect(sent).not.toContain(secret);
  expect(sent).toContain('counter.count');
});
