import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { documentOf } from './capstan.ts';
import { type ToyWorkspace, toyWorkspace } from './toy-workspace.ts';

let toys: ToyWorkspace;
beforeAll(async () => {
  toys = await toyWorkspace();
});
afterAll(async () => {
  await toys[Symbol.asyncDispose]();
});

describe.concurrent('capstan show', () => {
  test('prints metadata, schema, source, session and how to call it', async () => {
    const { stdout, stderr, exitCode } = await toys.run(['show', 'toy.echo']);
    expect(stdout).toMatch(/^toy\.echo\n {2}Says it again\n/);
    expect(stdout).toMatch(/session +required \(toy_requires_session: true\)/);
    expect(stdout).toMatch(/source +capabilities\/toy\.yaml:5\n/);
    expect(stdout).toContain(`toy_server_url        ${toys.upstream.url}`);
    expect(stdout).toContain('"description": "Where"');
    expect(stdout).toContain(
      'capstan call toy.echo city=<string> [days=<integer>] [metric=<boolean>] [places=<array>] [options=<object>]',
    );
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
  });

  test('tells of variables whether they are set, never what they hold', async () => {
    const environment = { TOY_TOKEN: 'canary-for-show' };
    const set = await toys.run(['show', 'toy.text', '--verbose'], { environment });
    expect(set.stdout).toMatch(/toy_auth_env_var +TOY_TOKEN \(set\)/);
    const unset = await toys.run(['show', 'toy.text', '--json'], { environment: { TOY_TOKEN: '' } });
    expect(documentOf(unset)).toMatchObject({
      environment: [{ key: 'toy_auth_env_var', variable: 'TOY_TOKEN', set: false }],
      session: { mode: 'required', key: 'toy_requires_session', value: true },
      metadata: { toy_operation: 'text' },
    });
    expect(set.stdout + set.stderr).not.toContain('canary');
  });

  test('says that no session is required where none is', async () => {
    const { stdout } = await toys.run(['show', 'toy.free']);
    expect(stdout).toMatch(/session +not required/);
    expect(stdout).toContain('none: any input is passed on');
  });

  test('offers the nearest ids for one that is unknown', async () => {
    const { stderr, stdout, exitCode } = await toys.run(['show', 'toy.ecko']);
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 4 });
    expect(stderr).toContain('error CAPABILITY_NOT_FOUND: No capability is called "toy.ecko". Did you mean toy.echo');
  });
});
