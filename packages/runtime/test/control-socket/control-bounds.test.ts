import { connectControl, type ControlServer, type Runtime, serveControl } from '@capstan/runtime';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { counterRuntime } from '../support/counter-runtime.ts';
import { CounterServer } from '../support/counter-server.ts';
import { controlFolder } from './control-folder.ts';
import { rawClient, say, told } from './raw-client.ts';

const mostRequestBytes = 65_536;

let server: CounterServer;
let folder: ReturnType<typeof controlFolder>;
let runtime: Runtime;
let control: ControlServer;

beforeEach(async () => {
  server = await CounterServer.start();
  folder = controlFolder();
  runtime = (await counterRuntime(server)).runtime;
  control = await serveControl(runtime, { directory: folder.path });
});

afterEach(async () => {
  await control[Symbol.asyncDispose]();
  await runtime.close();
  folder[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

function refusal(code: string): unknown {
  return { ok: false, error: expect.objectContaining({ code }) as unknown };
}

describe('a control socket', () => {
  it.each([
    ['no JSON', 'sessions please\n'],
    ['nothing', '\n'],
    ['no object', '"sessions"\n'],
    ['an unknown question', '{"ask":"secrets"}\n'],
    ['a name that every object has', '{"ask":"constructor"}\n'],
    ['an end without a session', '{"ask":"terminate"}\n'],
    ['a session that is no text', '{"ask":"terminate","session":["counter-1"]}\n'],
    ['bytes that are no text', Buffer.from([0x7b, 0xff, 0xfe, 0x0a])],
    ['endless depth', `${'['.repeat(60_000)}\n`],
  ])('refuses %s, and closes the connection', async (_what, words) => {
    expect(await say(control.address, words)).toEqual([refusal('INPUT_INVALID')]);
  });

  it('does not repeat what was sent to it', async () => {
    expect(JSON.stringify(await say(control.address, '{"ask":"canary-77aa"}\n'))).not.toContain('canary-77aa');
  });

  it('takes a request of 64 KiB and refuses one byte more, even if its end never comes', async () => {
    const request = '{"ask":"info"}';
    const fits = `${request.padEnd(mostRequestBytes)}\n`;
    const socket = await rawClient(control.address);
    socket.end(fits);
    expect(await told(socket)).toMatchObject([{ ok: true, answer: { pid: process.pid } }]);
    expect(await say(control.address, request.padEnd(mostRequestBytes + 1))).toEqual([refusal('INPUT_INVALID')]);
  });

  it('answers what came before the malformed line, in its order', async () => {
    const answers = await say(control.address, '{"ask":"sessions"}\n{"ask":"info"}\nno\n{"ask":"info"}\n');
    expect(answers).toEqual([
      { ok: true, answer: [] },
      expect.objectContaining({ ok: true }),
      refusal('INPUT_INVALID'),
    ]);
  });

  it('answers a client that says all and closes its side', async () => {
    const socket = await rawClient(control.address);
    socket.end('{"ask":"sessions"}\n{"ask":"sessions"}\n');
    expect(await told(socket)).toEqual([
      { ok: true, answer: [] },
      { ok: true, answer: [] },
    ]);
  });

  it('answers 16 connections, sends the 17th away, and takes others when one left', async () => {
    const clients = await Promise.all(Array.from({ length: 16 }, () => connectControl(control.address)));
    await Promise.all(clients.map((client) => client.info()));
    expect(await say(control.address, '{"ask":"info"}\n')).toEqual([refusal('OVERLOADED')]);
    expect((await clients[15]?.info())?.pid).toBe(process.pid);
    const [leaving, ...staying] = clients;
    await leaving?.[Symbol.asyncDispose]();
    await expect
      .poll(async () => {
        await using next = await connectControl(control.address);
        return await next.info().then(
          ({ pid }) => pid,
          ({ code }: { code: string }) => code,
        );
      })
      .toBe(process.pid);
    await Promise.all(staying.map((client) => client[Symbol.asyncDispose]()));
  });

  it('cuts off who comes in crowds, and goes on answering those it has', async () => {
    await using client = await connectControl(control.address);
    await client.info();
    const crowd = await Promise.all(Array.from({ length: 100 }, () => rawClient(control.address)));
    for (const socket of crowd) socket.on('error', () => {});
    expect((await client.info()).pid).toBe(process.pid);
    const leave = crowd.map((socket) => once(socket, 'close'));
    for (const socket of crowd) socket.destroy();
    await Promise.all(leave);
    expect((await client.info()).pid).toBe(process.pid);
  });

  it('tells a client that asks nothing why it closes, even one that sends byte by byte', async () => {
    const impatient = await serveControl(runtime, { directory: folder.path, idleTimeoutMs: 40 });
    const silent = await rawClient(impatient.address);
    expect(await told(silent)).toEqual([refusal('TIMEOUT')]);
    const dripping = await rawClient(impatient.address);
    const drip = setInterval(() => dripping.write(' '), 5);
    dripping.once('end', () => clearInterval(drip));
    expect(await told(dripping)).toEqual([refusal('TIMEOUT')]);
    await impatient[Symbol.asyncDispose]();
  });
});

describe('connectControl', () => {
  it('gives up on a process that does not answer in time', async () => {
    const gate = Promise.withResolvers<string>();
    const slow = await serveControl(
      { marketplace: runtime.marketplace, sessions: runtime.sessions, exportMetrics: () => gate.promise },
      { directory: folder.path },
    );
    await using connection = await connectControl(slow.address, { timeoutMs: 30 });
    await expect(connection.metrics()).rejects.toMatchObject({
      code: 'TIMEOUT',
      details: { controlSocket: slow.address },
    });
    await expect(connection.info()).rejects.toMatchObject({ code: 'CLOSED' });
    gate.resolve('');
    await slow[Symbol.asyncDispose]();
  });
});
