import { createEgress, type EgressRequest } from '@capstan/http-egress';
import { CapstanError } from '@capstan/provider';
import { expect, test } from 'vitest';
import { fetchByTrust } from '../src/oauth/url-trust.ts';
import { startAuthorizationServer } from './servers/authorization-server.ts';

const url = (text: string): URL => new URL(text);

test.each([
  ['the server itself', ['https://mcp.example/mcp'], 'https://mcp.example/.well-known/x', 'declared'],
  ['another port of its host', ['https://mcp.example/mcp'], 'https://mcp.example:8443/token', 'declared'],
  ['another host', ['https://mcp.example/mcp'], 'https://auth.example/token', 'derived'],
  ['a part of its name', ['https://mcp.example/mcp'], 'https://example/token', 'derived'],
  [
    'the issuer of the manifest',
    ['https://mcp.example/mcp', 'https://auth.example'],
    'https://auth.example/',
    'declared',
  ],
  ['loopback named by loopback', ['http://127.0.0.1:1/mcp'], 'http://localhost:2/token', 'declared'],
  ['loopback named by another', ['https://mcp.example/mcp'], 'http://127.0.0.1:2/token', 'derived'],
  ['a private address named by loopback', ['http://localhost:1/mcp'], 'http://10.0.0.1/token', 'derived'],
  ['what only looks like loopback', ['http://127.0.0.1:1/mcp'], 'http://127.0.0.1.evil.example/token', 'derived'],
])('%s', async (_, declared, asked, trust) => {
  const used: Pick<EgressRequest, 'trust' | 'redirect'>[] = [];
  const fetch = fetchByTrust(
    (rules) => async () => {
      used.push(rules);
      return new Response();
    },
    { declared: declared.map(url), allowInsecure: false },
  );
  await fetch(asked);
  expect(used).toEqual([expect.objectContaining({ trust, redirect: 'none' })]);
});

test('an operator who forbids loopback forbids it here too', async () => {
  await using authorizationServer = await startAuthorizationServer();
  const outcomes: unknown[] = [];
  for (const strict of [false, true]) {
    const egress = createEgress({ policy: { strict } });
    const fetch = fetchByTrust((rules) => egress.fetchAs(rules), {
      declared: [url('http://127.0.0.1:1/mcp')],
      allowInsecure: false,
    });
    const asking = fetch(`${authorizationServer.issuer}/.well-known/oauth-authorization-server`);
    outcomes.push(
      await asking.then(
        ({ status }) => status,
        (error: unknown) => CapstanError.isInstance(error) && error.code,
      ),
    );
    await egress.close();
  }
  expect(outcomes).toEqual([200, 'FORBIDDEN']);
});
