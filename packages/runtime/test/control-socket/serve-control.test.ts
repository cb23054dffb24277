import { connectControl, listControlled, serveControl } from '@capstan/runtime';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { counterProvider } from '../support/counter-provider.ts';
import { counterRuntime } from '../support/counter-runtime.ts';
import { CounterServer } from '../support/counter-server.ts';
import { controlFolder } from './control-folder.ts';

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

describe('a control socket', () => {
  it('tells process, versions and how much is loaded', async () => {
    await using runtime = (await counterRuntime(server, [{ id: 'counter.one' }, { id: 'counter.two' }])).runtime;
    await using control = await serveControl(runtime, { directory: folder.path });
    await using connection = await connectControl(control.address);
    const info = await connection.info();
    expect(info).toEqual({
      pid: process.pid,
      startedAt: expect.any(Number) as number,
      versions: { capstan: expect.stringMatching(/^\d+\.\d+\.\d+/) as string, node: process.versions.node },
      manifests: new Set(runtime.marketplace.list().map(({ source }) => source.file)).size,
      capabilities: 2,
    });
    expect(info.startedAt).toBeLessThanOrEqual(Date.now());
  });

  it('lists the ledger as the library does', async () => {
    await using runtime = (await counterRuntime(server)).runtime;
    await using control = await serveControl(runtime, { directory: folder.path });
    await using connection = await connectControl(control.address);
    expect(await connection.sessions()).toEqual([]);
    await runtime.call('counter.count', {}, { caller: { subject: 'ada', tenant: 'acme' } });
    const sessions = await connection.sessions();
    expect(sessions).toEqual(runtime.sessions?.list());
    expect(sessions).toMatchObject([
      { openedBy: { subject: 'ada', tenant: 'acme' }, openedFor: 'counter.count', calls: 1 },
    ]);
  });

  it('exports the metrics', async () => {
    await using runtime = (await counterRuntime(server)).runtime;
    await using control = await serveControl(runtime, { directory: folder.path });
    await using connection = await connectControl(control.address);
    await runtime.call('counter.count');
    expect(await connection.metrics()).toMatch(/^# HELP [^]*provider="counter"/);
  });

  it('ends a session, and tells whether the end was confirmed', async () => {
    await using runtime = (await counterRuntime(server)).runtime;
    await using control = await serveControl(runtime, { directory: folder.path });
    await using connection = await connectControl(control.address);
    await runtime.call('counter.count');
    const [session] = await connection.sessions();
    const ended = await connection.terminate(String(session?.id));
    expect(ended).toMatchObject({ id: session?.id, state: 'closed', ended: { why: 'explicit', confirmed: true } });
    expect(server.counts.closed).toBe(1);
    expect(await connection.terminate(String(session?.id))).toEqual(ended);
    expect(await connection.terminate('counter-99')).toBeUndefined();
    expect(server.counts.closed).toBe(1);
  });

  it('ends a session that is still being opened as soon as it is open', async () => {
    const gate = Promise.withResolvers<void>();
    const opening = Promise.withResolvers<void>();
    await using runtime = (
      await counterRuntime(server, [{}], {
        providers: [
          (host) => {
            const plugin = counterProvider()(host);
            return {
              ...plugin,
              initializeSession: async (request) => {
                opening.resolve();
                await gate.promise;
                return await plugin.initializeSession(request);
              },
            };
          },
        ],
      })
    ).runtime;
    await using control = await serveControl(runtime, { directory: folder.path });
    await using connection = await connectControl(control.address);
    const called = runtime.call('counter.count').catch(() => 'failed');
    await opening.promise;
    const [session] = await connection.sessions();
    expect(session?.state).toBe('creating');
    const ended = connection.terminate(String(session?.id));
    // One connection waits for the end; others are answered meanwhile.
    await using other = await connectControl(control.address);
    expect(await other.sessions()).toMatchObject([{ state: 'creating' }]);
    gate.resolve();
    expect(await ended).toMatchObject({ state: 'closed', ended: { why: 'explicit', confirmed: true } });
    expect(server.counts.closed).toBe(1);
    await called;
  });

  it('answers many questions at once in their order', async () => {
    await using runtime = (await counterRuntime(server)).runtime;
    await using control = await serveControl(runtime, { directory: folder.path });
    await using connection = await connectControl(control.address);
    const [info, sessions, gone] = await Promise.all([
      connection.info(),
      connection.sessions(),
      connection.terminate('counter-99'),
    ]);
    expect(info.pid).toBe(process.pid);
    expect(sessions).toEqual([]);
    expect(gone).toBeUndefined();
  });

  it('can be used by its user only: 0600 in a folder of 0700', async () => {
    await using runtime = (await counterRuntime(server)).runtime;
    const directory = join(folder.path, 'made');
    await using control = await serveControl(runtime, { directory });
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(statSync(control.address).mode & 0o777).toBe(0o600);
    expect(control.address).toBe(join(directory, `${process.pid}.sock`));
  });

  it('is removed when it closes, while others are still connected', async () => {
    await using runtime = (await counterRuntime(server)).runtime;
    const control = await serveControl(runtime, { directory: folder.path });
    await using connection = await connectControl(control.address);
    await connection.info();
    await Promise.all([control[Symbol.asyncDispose](), control[Symbol.asyncDispose]()]);
    expect(existsSync(control.address)).toBe(false);
    await expect(connection.info()).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(connectControl(control.address)).rejects.toMatchObject({ code: 'CLOSED' });
  });

  it('shows the sessions of a runtime that closed', async () => {
    const { runtime } = await counterRuntime(server);
    await using control = await serveControl(runtime, { directory: folder.path });
    await using connection = await connectControl(control.address);
    await runtime.call('counter.count');
    await runtime.close();
    expect(await connection.sessions()).toMatchObject([{ ended: { why: 'drain', confirmed: true } }]);
  });
});

describe('two runtimes in one process', () => {
  it('have a socket each, and see their own sessions only', async () => {
    await using one = (await counterRuntime(server)).runtime;
    await using two = (await counterRuntime(server)).runtime;
    const [first, second] = await Promise.all([
      serveControl(one, { directory: folder.path }),
      serveControl(two, { directory: folder.path }),
    ]);
    const names = [`${process.pid}`, `${process.pid}-2`];
    expect([first.name, second.name].toSorted()).toEqual(names);
    const controlled = await listControlled({ directory: folder.path });
    expect(controlled.map(({ name, pid }) => ({ name, pid }))).toEqual(
      names.map((name) => ({ name, pid: process.pid })),
    );
    await one.call('counter.count');
    await using toFirst = await connectControl(first.address);
    await using toSecond = await connectControl(second.address);
    expect(await toFirst.sessions()).toHaveLength(1);
    expect(await toSecond.sessions()).toEqual([]);
    await first[Symbol.asyncDispose]();
    expect(await toSecond.sessions()).toEqual([]);
    await second[Symbol.asyncDispose]();
    expect(readdirSync(folder.path)).toEqual([]);
  });
});
