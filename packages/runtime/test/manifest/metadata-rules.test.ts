import { describe, expect, it } from 'vitest';
import { loadTexts, metadataOf, withMetadata } from './load-texts.ts';

/** Made at run time, so that no scanner takes this file for a leak. */
const token = (prefix: string, length: number): string => prefix + 'a1B2c3D4'.repeat(10).slice(0, length);

describe('values for every provider', () => {
  it.each(['yes', 'on', '1', 'no', '"True"', 'AUTO'])('refuses a session that is required by %s', async (value) => {
    const { problems } = await loadTexts(withMetadata(`abacus_requires_session: ${value}`));
    expect(problems).toEqual([
      expect.objectContaining({
        line: 4,
        column: 28,
        seen: value,
        message: '"abacus_requires_session" should be auto, true or false',
      }),
    ]);
  });

  it('holds a required session to the closed set where no schema describes the key', async () => {
    const { report } = await loadTexts(withMetadata('other_requires_session: yes'));
    expect(report).toEqual([
      'a.yaml:4:27  "other_requires_session" should be auto, true or false (seen "yes"). Write one of these three.',
    ]);
  });

  it.each([
    ['auto', 'auto'],
    ['true', true],
    ['"true"', 'true'],
    ['false', false],
    ['"false"', 'false'],
  ])('keeps %s as it is given', async (written, value) => {
    expect(await metadataOf(withMetadata(`abacus_requires_session: ${written}`))).toMatchObject({
      abacus_requires_session: value,
    });
  });

  it.each([
    [
      'session_scope: conversations',
      '"session_scope" should be shared, caller, conversation or call (seen "conversations"). Did you mean "conversation"?',
    ],
    [
      'session_max_sessions: 0',
      '"session_max_sessions" should be a whole number from 1 to 9007199254740991 (seen "0")',
    ],
    ['session_idle_timeout_ms: 3000000000', '"session_idle_timeout_ms" should be a whole number from 1 to 2147483647'],
    ['call_rate_limit: 10 per second', '"call_rate_limit" should be text like "10/s" (seen "10 per second")'],
    ['call_timeout_ms: "5"', '"call_timeout_ms" should be a whole number from 1 to 2147483647 (seen "\\"5\\"")'],
  ])('refuses %s', async (line, message) => {
    const { report } = await loadTexts(withMetadata(line));
    expect(report).toEqual([expect.stringContaining(message)]);
  });

  it.each([
    'http://127.0.0.1:80/x',
    'http://localhost',
    'http://[::1]:3000',
    'https://abacus.example',
    'http://2130706433/',
    'wss://abacus.example',
  ])('takes the URL %s', async (url) => {
    const metadata = await metadataOf(`id: a\nmetadata: { abacus_server_url: "${url}" }\n`);
    expect(metadata).toMatchObject({ abacus_server_url: url });
  });

  it.each([
    ['http://abacus.example', 'is not encrypted'],
    ['http://127.0.0.1.nip.io', 'is not encrypted'],
    ['http://localhost.example', 'is not encrypted'],
    ['ftp://abacus.example', 'is not an https URL'],
    ['file:///etc/passwd', 'is not an https URL'],
    ['abacus.example', 'is not an absolute URL'],
    ['https://me:word@abacus.example', 'holds a user name or password'],
    ['https://me@abacus.example', 'holds a user name or password'],
  ])('refuses the URL %s', async (url, message) => {
    const { problems } = await loadTexts(`id: a\nmetadata: { abacus_server_url: "${url}" }\n`);
    expect(problems).toEqual([
      expect.objectContaining({ line: 2, column: 32, message: expect.stringContaining(message) }),
    ]);
    expect(JSON.stringify(problems)).not.toContain('me:word');
  });

  it('takes http to anywhere where the manifest allows it', async () => {
    await metadataOf('id: a\nmetadata: { abacus: { server_url: "http://abacus.example", allow_insecure: true } }\n');
    const { problems } = await loadTexts(
      'id: a\nmetadata: { abacus: { server_url: "http://abacus.example", allow_insecure: "true" } }\n',
    );
    expect(problems.map(({ column, message }) => [column, message])).toEqual([
      [35, expect.stringContaining('is not encrypted')],
      [76, '"abacus_allow_insecure" should be true or false'],
    ]);
  });

  it('says one thing of one value, though the schema of the plugin refuses it as well', async () => {
    const { problems } = await loadTexts(withMetadata('abacus_auth_env_var: 5'));
    expect(problems.map(({ message }) => message)).toEqual([
      '"abacus_auth_env_var" should be the name of an environment variable',
    ]);
  });

  it('refuses a variable that is no name, and does not show what could be the secret itself', async () => {
    const { problems } = await loadTexts(withMetadata('abacus_auth_env_var: hunter2'));
    expect(problems).toEqual([
      expect.objectContaining({
        line: 4,
        column: 24,
        message: '"abacus_auth_env_var" should be the name of an environment variable',
      }),
    ]);
    expect(JSON.stringify(problems)).not.toContain('hunter2');
  });

  it.each([
    token('ghp_', 36),
    token('github_pat_', 40),
    token('sk-ant-', 40),
    token('sk-proj-', 40),
    token('xoxb-', 30),
    `AKIA${'ABCD1234'.repeat(2)}`,
    `eyJ${token('', 20)}.eyJ${token('', 20)}.${token('', 20)}`,
    'Bearer hunter2hunter2',
    `-----BEGIN RSA PRIVATE KEY-----`,
  ])('refuses a value that looks like a secret and never repeats it (%#)', async (secret) => {
    for (const text of [
      withMetadata(`abacus_notes: "${secret}"`),
      withMetadata(`abacus_auth_env_var: "${secret}"`),
      withMetadata(`abacus: { notes: [one, "${secret}"] }`),
      withMetadata(`abacus_rods: "${secret}"`),
      withMetadata(`abacus_colour: "${secret}"`),
      withMetadata(`abacus_notes: "${secret}`),
      withMetadata(`abacus_notes: {"${secret}"`),
      withMetadata(`abacus_notes: ${secret}: x`),
      withMetadata(`abacus_notes: *${secret}`),
    ]) {
      const { capabilities, problems } = await loadTexts(text);
      expect(capabilities).toEqual([]);
      expect(problems.length).toBeGreaterThan(0);
      expect(JSON.stringify(problems)).not.toContain(secret);
    }
  });

  it('refuses secrets in keys and texts too', async () => {
    const secret = token('ghp_', 36);
    const { problems } = await loadTexts(
      `id: ${secret}\n${secret}: 1\nmetadata: { abacus_rods: 1 }\ninput: { default: ${secret} }\n`,
    );
    expect(problems.map(({ line }) => line)).toEqual([1, 2, 4]);
    expect(JSON.stringify(problems)).not.toContain(secret);
  });
});
