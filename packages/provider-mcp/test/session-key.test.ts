import { expect, test } from 'vitest';
import type { Metadata } from '@capstan/provider';
import { capabilityOf, createHarness } from './harness.ts';

/** What makes a server, an identity and a protocol, each with alternatives that all differ. */
const choices = {
  http: {
    mcp_server_url: [
      'https://a.example/mcp',
      'https://b.example/mcp',
      'https://a.example/other',
      'https://a.example/mcp?x=1',
      'http://a.example/mcp',
    ],
    mcp_auth_env_var: [undefined, 'ONE', 'TWO'],
    mcp_protocol: ['auto', 'legacy', 'modern'],
    mcp_client_capabilities: [undefined, 'sampling', 'elicitation sampling'],
  },
  stdio: {
    mcp_command: ['one', 'two'],
    mcp_args: [undefined, 'A=ONE', 'a', 'a\nb', 'ab', 'a b'],
    mcp_cwd: [undefined, 'sub'],
    mcp_env: [undefined, 'A=ONE', 'A=TWO', 'B=ONE', 'A=ONE\nB=TWO'],
    mcp_protocol: ['auto', 'legacy', 'modern'],
    mcp_client_capabilities: [undefined, 'sampling', 'elicitation sampling'],
  },
} as const;

/** What says how or what to call, but not where or as whom. */
const irrelevant: readonly Metadata[] = [
  {},
  { mcp_tool_name: 'other' },
  { mcp_requires_session: true },
  { mcp_probe_timeout_ms: 7 },
];

/** A small generator with a fixed seed, so that a failure can be repeated. */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test('keys of 10,000 pairs are equal exactly where server, identity and protocol are', () => {
  const { plugin } = createHarness();
  const random = createRandom(20_261_120);
  const pick = () => {
    const transport = random(2) === 0 ? 'http' : 'stdio';
    const chosen = Object.entries(choices[transport]).flatMap(([key, values]) => {
      const value = values[random(values.length)];
      return value === undefined ? [] : [[key, value] as const];
    });
    const metadata = {
      mcp_allow_insecure: true,
      ...Object.fromEntries(chosen),
      ...irrelevant[random(irrelevant.length)],
    };
    const caller = { subject: `caller ${random(3)}` };
    return {
      meaning: JSON.stringify(chosen),
      key: JSON.stringify(plugin.sessionKey(capabilityOf(metadata), caller)),
    };
  };
  let equal = 0;
  for (let pair = 0; pair < 10_000; pair += 1) {
    const [one, two] = [pick(), pick()];
    expect(one.key === two.key, `${one.meaning} and ${two.meaning}`).toBe(one.meaning === two.meaning);
    if (one.key === two.key) equal += 1;
  }
  expect(equal).toBeGreaterThan(10);
});

test('names the variables of an identity', () => {
  const { plugin } = createHarness();
  const url = { mcp_server_url: 'https://a.example/mcp' };
  const identityOf = (metadata: Metadata) => plugin.sessionKey(capabilityOf(metadata), {}).identity;
  expect(identityOf(url)).toEqual({ kind: 'none' });
  expect(identityOf({ ...url, mcp_auth_env_var: 'TOKEN' })).toEqual({ kind: 'static', envVars: ['TOKEN'] });
  expect(identityOf({ ...url, mcp_auth_env_var: 'TOKEN', mcp_auth: 'none' })).toEqual({ kind: 'none' });
  expect(identityOf({ mcp_command: 'x', mcp_env: 'B=TWO\nA=ONE' })).toEqual({
    kind: 'static',
    envVars: ['ONE', 'TWO'],
  });
});

test('tells apart credentials that travel differently', () => {
  const { plugin } = createHarness();
  const keyOf = (metadata: Metadata) =>
    JSON.stringify(
      plugin.sessionKey(
        capabilityOf({ mcp_server_url: 'https://a.example/mcp', mcp_auth_env_var: 'T', ...metadata }),
        {},
      ),
    );
  const keys = [
    keyOf({}),
    keyOf({ mcp_auth_header: 'X-Key' }),
    keyOf({ mcp_auth_scheme: 'Token' }),
    keyOf({ mcp_auth_scheme: '' }),
  ];
  expect(new Set(keys).size).toBe(4);
  expect(keyOf({ mcp_auth_header: 'authorization' })).toBe(keys[0]);
});

test('shows no query and no argument', () => {
  const { plugin } = createHarness();
  const shown = [
    { mcp_server_url: 'https://a.example/mcp?api_key=canary' },
    { mcp_command: 'x', mcp_args: '--token\ncanary' },
  ].map((metadata) => JSON.stringify(plugin.sessionKey(capabilityOf(metadata), {})));
  for (const key of shown) expect(key).not.toContain('canary');
});

test.each([
  [{ mcp_server_url: 'https://user:canary@a.example/mcp' }, 'credentials'],
  [{ mcp_server_url: 'http://a.example/mcp' }, 'mcp_allow_insecure'],
  [{ mcp_server_url: 'ftp://a.example/mcp' }, 'not an http'],
  [{ mcp_server_url: 'https://a.example', mcp_auth: 'bearer' }, 'mcp_auth_env_var'],
  [{ mcp_command: 'x', mcp_auth_env_var: 'TOKEN' }, 'mcp_env'],
  [{ mcp_command: 'x', mcp_env: 'TOKEN=can ary' }, 'NAME=VARIABLE'],
  [{ mcp_command: 'x', mcp_env: 'TOKEN=canary' }, 'in capitals'],
  [{ mcp_command: 'x', mcp_env: 'A=ONE\nA=TWO' }, 'twice'],
  [{}, 'mcp_server_url'],
])('refuses %j and says why', (metadata, why) => {
  const { plugin } = createHarness();
  const key = (): unknown => plugin.sessionKey(capabilityOf(metadata), {});
  expect(key).toThrow(expect.objectContaining({ code: 'MANIFEST_INVALID', message: expect.stringContaining(why) }));
  expect(key).not.toThrow(/canary|can ary/);
});
