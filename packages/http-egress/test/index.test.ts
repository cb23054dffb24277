import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

/** In a process of its own, since what is loaded stays loaded. The answer is what the script prints, as JSON. */
const run = async (script: string): Promise<unknown> => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--no-warnings', '--conditions=capstan-source', '--input-type=module', '--eval', script],
    { cwd: fileURLToPath(new URL('..', import.meta.url)) },
  );
  return JSON.parse(stdout) as unknown;
};

test('the libraries for cookies, OAuth and WebSockets are loaded when they are needed, not before', async () => {
  const script = `
    import { registerHooks } from 'node:module';
    const asked = new Set();
    registerHooks({ resolve: (specifier, context, next) => (asked.add(specifier), next(specifier, context)) });
    const { createEgress, ClientCredentials, openLoginSession } = await import('@capstan/http-egress');
    const egress = createEgress();
    const early = ['tough-cookie', 'oauth4webapi', 'undici'].filter((name) => asked.has(name));
    const login = { login: { url: new URL('http://127.0.0.1:1/') } };
    await openLoginSession({ egress, definition: login, fields: {} }).catch(() => {});
    const definition = { tokenUrl: login.login.url };
    const readClient = async () => ({ id: 'id', secret: 'secret' });
    await new ClientCredentials({ egress, definition, readClient }).token().catch(() => {});
    const between = ['undici'].filter((name) => asked.has(name));
    egress.webSocketAs({ trust: 'declared' });
    const late = ['tough-cookie', 'oauth4webapi', 'undici'].filter((name) => asked.has(name));
    console.log(JSON.stringify([early, between, late]));
    await egress.close();`;
  expect(await run(script)).toEqual([[], [], ['tough-cookie', 'oauth4webapi', 'undici']]);
});

test('loading WebSockets leaves the dispatcher of the platform as it was', async () => {
  const script = `
    import { createServer } from 'node:net';
    const { createEgress } = await import('@capstan/http-egress');
    const answer = 'HTTP/1.1 200 OK\\r\\nContent-Length: 1\\r\\nConnection: close\\r\\n\\r\\nx';
    const server = createServer((socket) => socket.once('data', () => socket.end(answer))).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const ask = async () => (await fetch('http://127.0.0.1:' + server.address().port)).text();
    const dispatcher = () => globalThis[Symbol.for('undici.globalDispatcher.1')];
    const answers = HOST ? [await ask()] : [];
    const before = dispatcher();
    const egress = createEgress();
    egress.webSocketAs({ trust: 'declared' });
    const isSame = dispatcher() === before;
    answers.push(await ask());
    console.log(JSON.stringify([before !== undefined, isSame, answers]));
    server.close();
    await egress.close();`;
  expect(await run(script.replace('HOST', 'true'))).toEqual([true, true, ['x', 'x']]);
  expect(await run(script.replace('HOST', 'false'))).toEqual([false, true, ['x']]);
});
