import { createServer } from 'node:net';
import { inspect } from 'node:util';
import { expect, test, vi } from 'vitest';
import type { Discovers } from '@capstan/provider';
import { failureOf, invocationOf } from './harness.ts';
import { agree, createOAuthHarness, machineCapability, personCapability } from './oauth-harness.ts';
import { startAuthorizationServer, type AuthorizationServer } from './servers/authorization-server.ts';
import { startGuard } from './servers/authorization-server-guard.ts';
import { startModernServer } from './servers/modern-server.ts';
import { jsonAnswer, legacyAnswer, startScriptedServer } from './servers/scripted-server.ts';

const canary = 'canary: 5c1f77e0 +/=%';
const basic = Buffer.from(`robot:${formEncoded(canary)}`).toString('base64');
const forms = [canary, formEncoded(canary), encodeURIComponent(canary), basic, Buffer.from(canary).toString('base64')];

function formEncoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}

function leaks(value: unknown, secrets: readonly string[] = forms): readonly string[] {
  const shown = `${inspect(value, { depth: 20, showHidden: true, maxStringLength: null })}${JSON.stringify(value) ?? ''}`;
  return secrets.filter((secret) => shown.includes(secret));
}

/** A token endpoint that answers whatever `answer` makes of the text of a request. */
async function startTokenEndpoint(
  answer: (request: string) => string,
): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (chunk) => socket.end(answer(chunk.toString())));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('No address.');
  return {
    url: `http://127.0.0.1:${address.port}/token`,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function json(status: string, value: unknown): string {
  const body = JSON.stringify(value);
  return `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`;
}

function refusal(description: string): string {
  return json('400 Bad Request', { error: 'invalid_client', error_description: description });
}

const bodyOf = (request: string): string => request.split('\r\n\r\n')[1] ?? '';
const credentialsOf = (request: string): string => /authorization: (.*)/i.exec(request)?.[1] ?? '';
const secretIn = (request: string): string => new URLSearchParams(bodyOf(request)).get('client_secret') ?? '';

test.each([
  ['as bytes that are not HTTP', 'post', (request: string) => request],
  ['as a header that is none', 'post', (request: string) => `HTTP/1.1 200 OK\r\n bad ${bodyOf(request)}\r\n\r\n`],
  ['in its error', 'post', (request: string) => refusal(`wrong: ${secretIn(request)}`)],
  ['in its error as it was sent', 'post', (request: string) => refusal(bodyOf(request).slice(-60))],
  ['in its error as a header', 'basic', (request: string) => refusal(`bad header: ${credentialsOf(request)}`)],
  ['instead of a token', 'post', (request: string) => json('200 OK', { access_token: 5, seen: secretIn(request) })],
  ['in a failure', 'post', (request: string) => json('500 Oh', { seen: secretIn(request) })],
])('a client secret that the authorization server repeats %s is in no error and no log', async (_, method, answer) => {
  await using endpoint = await startTokenEndpoint(answer);
  await using authorizationServer = await startAuthorizationServer({ metadata: { token_endpoint: endpoint.url } });
  await using server = await startModernServer();
  await using guard = await startGuard({ url: server.url, authorizationServers: [authorizationServer] });
  const { plugin, open, secrets, logged } = createOAuthHarness();
  secrets['CLIENT_ID'] = 'robot';
  secrets['CLIENT_SECRET'] = canary;
  const opening = open(machineCapability(guard.url, { mcp_oauth_client_auth: method }));
  const { error } = await failureOf(plugin, opening);
  expect(leaks(error)).toEqual([]);
  expect(leaks(logged)).toEqual([]);
});

test('an answer that comes after the call has ended is cleaned as well', async () => {
  const asked = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  await using authorizationServer = await startAuthorizationServer({
    clients: { robot: { secret: canary } },
    beforeToken: async () => {
      asked.resolve();
      await answered.promise;
    },
    onToken: () => ({ status: 400, body: { error: 'invalid_client', error_description: `wrong: ${canary}` } }),
  });
  await using server = await startModernServer();
  await using guard = await startGuard({ url: server.url, authorizationServers: [authorizationServer] });
  const { plugin, open, secrets } = createOAuthHarness();
  secrets['CLIENT_ID'] = 'robot';
  secrets['CLIENT_SECRET'] = canary;
  const first = new AbortController();
  const capability = machineCapability(guard.url, { mcp_protocol: 'legacy' });
  const ended = failureOf(plugin, open(capability, { signal: first.signal }));
  await asked.promise;
  const waiting = failureOf(plugin, open(capability));
  await vi.waitFor(() => expect(guard.refusals.unauthorized).toBe(2));
  first.abort();
  await ended;
  answered.resolve();
  const { error } = await waiting;
  expect(error.message).toContain('[secret]');
  expect(leaks(error)).toEqual([]);
});

test('what was made for one sign-in is in no error of it: code, verifier and the secret of the registration', async () => {
  let sent = '';
  await using endpoint = await startTokenEndpoint((request) => {
    sent = `${bodyOf(request)} ${credentialsOf(request)}`;
    const { code = '', code_verifier: verifier = '' } = Object.fromEntries(new URLSearchParams(bodyOf(request)));
    return refusal(`${code} ${verifier}`);
  });
  await using authorizationServer: AuthorizationServer = await startAuthorizationServer({
    metadata: { token_endpoint: endpoint.url },
  });
  await using server = await startModernServer();
  await using guard = await startGuard({ url: server.url, authorizationServers: [authorizationServer] });
  const { plugin, open } = createOAuthHarness({ authorize: agree });
  const { error } = await failureOf(plugin, open(personCapability(guard.url)));
  const parameters = new URLSearchParams(sent);
  const made = ['code', 'code_verifier'].map((name) => parameters.get(name) ?? '');
  expect(made.every((value) => value.length > 8)).toBe(true);
  expect(error.message).toContain('[secret]');
  expect(leaks(error, made)).toEqual([]);
});

test('nobody is sent to an address in which a user name could pass for the host', async () => {
  await using authorizationServer = await startAuthorizationServer({
    metadata: { authorization_endpoint: 'https://accounts.example.com@evil.example/authorize' },
  });
  await using server = await startModernServer();
  await using guard = await startGuard({ url: server.url, authorizationServers: [authorizationServer] });
  const shown: string[] = [];
  const { plugin, open } = createOAuthHarness({
    authorize: async (url) => {
      shown.push(url.href);
      throw new Error('Asked.');
    },
  });
  const { error } = await failureOf(plugin, open(personCapability(guard.url)));
  expect(error).toMatchObject({ details: { reason: 'unsafe-authorization-endpoint' } });
  expect(shown).toEqual([]);
});

test('a token that a server repeats when it is asked what it offers is in no error', async () => {
  await using authorizationServer = await startAuthorizationServer({ clients: { robot: { secret: canary } } });
  const sent = new Set<string>();
  await using server = await startScriptedServer((request) => {
    const token = String(request.headers['authorization'] ?? '');
    if (request.rpcMethod !== 'tools/list') return legacyAnswer(request);
    sent.add(token.replace('Bearer ', ''));
    return jsonAnswer({
      jsonrpc: '2.0',
      id: request.id,
      error: { code: -32603, message: `not ${token}`, data: { token } },
    });
  });
  await using guard = await startGuard({ url: server.url, authorizationServers: [authorizationServer] });
  const { plugin, open, secrets } = createOAuthHarness();
  secrets['CLIENT_ID'] = 'robot';
  secrets['CLIENT_SECRET'] = canary;
  const capability = machineCapability(guard.url, { mcp_protocol: 'legacy', mcp_definition_sha256: 'a'.repeat(64) });
  const session = await open(capability);
  const calling = plugin.executeWithSession(session, invocationOf(capability));
  const failed = await failureOf(plugin, calling);
  if (!('discover' in plugin)) throw new TypeError('The plugin cannot import.');
  const looking = (plugin as unknown as Required<Discovers>).discover(
    { location: [], like: capability, caller: {} },
    new AbortController().signal,
  );
  const missed = await failureOf(plugin, Array.fromAsync(looking));
  expect(sent.size).toBeGreaterThan(0);
  for (const { error } of [failed, missed]) {
    expect(error.message).toContain('not Bearer [secret]');
    expect(leaks(error, [...sent])).toEqual([]);
  }
});
