import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { documentOf, type Finished } from './capstan.ts';
import { type ControlHost, startControlHost } from './control-host.ts';
import { toyWorkspace } from './toy-workspace.ts';

const canary = 'canary-31c9a7f0';

/** A workspace with a folder of its own for control sockets, and what starts hosts and commands there. */
async function watched(): Promise<
  AsyncDisposable & {
    readonly toys: Awaited<ReturnType<typeof toyWorkspace>>;
    readonly environment: Readonly<Record<string, string>>;
    host(): Promise<ControlHost>;
    run(...args: readonly string[]): Promise<Finished>;
  }
> {
  const toys = await toyWorkspace();
  const environment = { XDG_RUNTIME_DIR: join(toys.folder, 'run'), TOY_TOKEN: canary };
  mkdirSync(environment.XDG_RUNTIME_DIR, { mode: 0o700 });
  const hosts: ControlHost[] = [];
  return {
    toys,
    environment,
    host: async () => {
      const host = await startControlHost(toys.folder, environment);
      hosts.push(host);
      return host;
    },
    run: (...args) => toys.runBare(args, { environment }),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(hosts.map((host) => host[Symbol.asyncDispose]()));
      await toys[Symbol.asyncDispose]();
    },
  };
}

describe.concurrent('capstan sessions', () => {
  test('says that nobody runs, that a process has none, and lists what there is', async () => {
    await using place = await watched();
    const nobody = await place.run('sessions');
    expect(nobody).toMatchObject({ stderr: '', exitCode: 0 });
    expect(nobody.stdout).toMatch(/^No Capstan process of yours is running\.\n.*--control/);
    const host = await place.host();
    expect((await place.run('sessions')).stdout).toBe(`Process ${host.pid} has no sessions.\n`);
    await host.say('call toy.text ada');
    await host.say('call toy.text ada');
    const { stdout, stderr, exitCode } = await place.run('sessions');
    const [headings = '', row = '', ...rest] = stdout.trimEnd().split('\n');
    expect(headings.replaceAll(/ {2,}/g, ', ')).toBe(
      'ID, PROVIDER, UPSTREAM, SCOPE, OPENED BY, OPENED FOR, STATE, CALLS, IN FLIGHT, AGE, PROTOCOL, END',
    );
    expect(row).toMatch(/^toy-1 +toy +- +caller +ada +toy\.text +ready +2 +0 +\d+ s +- +idle in [45] min$/);
    expect({ rest, stderr, exitCode }).toEqual({ rest: [], stderr: '', exitCode: 0 });
  });

  test('prints processes and ledger as one JSON document', async () => {
    await using place = await watched();
    expect(documentOf(await place.run('sessions', '--json'))).toEqual({ processes: [] });
    const host = await place.host();
    await host.say('call toy.text ada');
    const finished = await place.run('sessions', '--json');
    expect(documentOf(finished)).toEqual({
      processes: [
        {
          name: String(host.pid),
          pid: host.pid,
          startedAt: expect.any(Number) as number,
          versions: { capstan: expect.any(String) as string, node: process.versions.node },
          manifests: 1,
          capabilities: 9,
          sessions: [
            {
              id: 'toy-1',
              provider: 'toy',
              openedBy: { subject: 'ada' },
              openedFor: 'toy.text',
              scope: 'caller',
              state: 'ready',
              facts: {},
              calls: 1,
              inFlight: 0,
              createdAt: expect.any(Number) as number,
              lastUsedAt: expect.any(Number) as number,
              willEnd: { at: expect.any(Number) as number, why: 'idle' },
            },
          ],
        },
      ],
    });
  });

  test('groups several processes, and the runtimes of one, and keeps to the one named', async () => {
    await using place = await watched();
    const [one, two] = await Promise.all([place.host(), place.host()]);
    await one.say('call toy.text ada');
    await two.say('serve');
    await two.say('call toy.text bob');
    const { stdout } = await place.run('sessions');
    expect(stdout).toMatch(new RegExp(`^Process ${one.pid}, for \\d+ s, 9 capabilities\\nID .*\\ntoy-1 .* ada `, 'm'));
    expect(stdout).toMatch(new RegExp(`^Process ${two.pid}, .*\\nProcess ${two.pid} has no sessions\\.$`, 'm'));
    expect(stdout).toMatch(new RegExp(`^Process ${two.pid}-2, .*\\nID .*\\ntoy-1 .* bob `, 'm'));
    expect((await place.run('sessions', '--pid', String(one.pid))).stdout).toMatch(/^ID .*\ntoy-1 .* ada .*\n$/);
    const unknown = await place.run('sessions', '--pid', '1');
    expect(unknown.exitCode).toBe(2);
    expect(unknown.stderr).toContain('No Capstan process of yours with the id 1 is running. Running: ');
  });

  test('shows no process that was killed, and the next one clears its socket away', async () => {
    await using place = await watched();
    const killed = await place.host();
    await killed.kill();
    expect(existsSync(killed.address)).toBe(true);
    expect((await place.run('sessions')).stdout).toContain('No Capstan process of yours is running.');
    const next = await place.host();
    expect(readdirSync(dirname(next.address))).toEqual([`${next.pid}.sock`]);
  });

  test('shows no process that ended by itself: its socket did not keep it, and went with it', async () => {
    await using place = await watched();
    const host = await place.host();
    await host.say('call toy.text');
    expect(await host.say('close')).toBe('closed');
    const ended = await place.run('sessions', '--all');
    expect(ended.stdout).toMatch(/^toy-1 .* closed .* drain, \d+ s ago, confirmed$/m);
    expect(await host.end()).toBe(0);
    expect(readdirSync(dirname(host.address))).toEqual([]);
    expect((await place.run('sessions')).stdout).toContain('No Capstan process of yours is running.');
  });

  test('refuses a folder that others can look into, and says how to close it', async () => {
    await using place = await watched();
    mkdirSync(join(place.environment['XDG_RUNTIME_DIR'] ?? '', 'capstan'), { mode: 0o755 });
    const { stderr, exitCode } = await place.run('sessions');
    expect(stderr).toMatch(/^error FORBIDDEN: .* is open to others: `chmod 700 .*\/run\/capstan` closes it\.\n$/);
    expect(exitCode).toBe(6);
  });
});

describe.concurrent('capstan sessions end', () => {
  test('ends a session at its upstream and says that the end was confirmed', async () => {
    await using place = await watched();
    const host = await place.host();
    await host.say('call toy.text');
    const finished = await place.run('sessions', 'end', 'toy-1');
    const said = `toy-1 of process ${host.pid} ended, and its provider confirmed the end.\n`;
    expect(finished).toEqual({ stdout: said, stderr: '', exitCode: 0 });
    expect(place.toys.upstream.ended).toEqual(place.toys.upstream.opened);
    expect((await place.run('sessions')).stdout).toBe(
      `Process ${host.pid} has no sessions. 1 ended lately: --all shows it.\n`,
    );
    expect((await place.run('sessions', '--all')).stdout).toMatch(
      /^toy-1 .* closed .* explicit, \d+ s ago, confirmed$/m,
    );
    const again = await place.run('sessions', 'end', 'toy-1', '--json');
    expect(documentOf(again)).toMatchObject({
      process: String(host.pid),
      confirmed: true,
      session: { id: 'toy-1', ended: { why: 'explicit' } },
    });
    expect(place.toys.upstream.ended).toHaveLength(1);
    await host.say('call toy.text');
    expect((await place.run('sessions')).stdout).toMatch(/^toy-2 .* ready /m);
  });

  test('says where the end was not confirmed, and ends with 7', async () => {
    await using place = await watched();
    const host = await place.host();
    await host.say('call toy.text');
    await place.toys.upstream[Symbol.asyncDispose]();
    const finished = await place.run('sessions', 'end', 'toy-1');
    expect(finished.exitCode).toBe(7);
    expect(finished.stdout).toMatch(/^toy-1 of process \d+ ended, but its provider did not confirm the end/);
  });

  test('asks whose session it is where several have one of this id', async () => {
    await using place = await watched();
    const [one, two] = await Promise.all([place.host(), place.host()]);
    await Promise.all([one.say('call toy.text'), two.say('call toy.text')]);
    const several = await place.run('sessions', 'end', 'toy-1');
    expect(several.exitCode).toBe(2);
    expect(several.stderr).toMatch(/Several processes have a session toy-1: \d+, \d+\. .*--pid/);
    const chosen = await place.run('sessions', 'end', 'toy-1', '--pid', String(two.pid));
    expect(chosen.stdout).toContain(`toy-1 of process ${two.pid} ended`);
    expect((await place.run('sessions', '--pid', String(one.pid))).stdout).toMatch(/^toy-1 .* ready /m);
  });

  test('offers the nearest for a session that does not exist, and says where nobody runs', async () => {
    await using place = await watched();
    const nobody = await place.run('sessions', 'end', 'toy-1', '--json');
    expect(nobody.exitCode).toBe(1);
    expect(documentOf(nobody)).toMatchObject({ error: { code: 'CLOSED' } });
    const host = await place.host();
    await host.say('call toy.text');
    const unknown = await place.run('sessions', 'end', 'toy-7');
    expect(unknown.exitCode).toBe(2);
    expect(unknown.stderr).toContain('There is no session "toy-7". Did you mean toy-1?');
  });
});

describe.concurrent('capstan metrics', () => {
  test('prints Prometheus text of the only process, or of the one named', async () => {
    await using place = await watched();
    expect(await place.run('metrics')).toMatchObject({
      stdout: '',
      stderr: expect.stringContaining('error CLOSED: No Capstan process of yours is running.') as string,
      exitCode: 1,
    });
    const one = await place.host();
    await one.say('call toy.text');
    const { stdout, stderr, exitCode } = await place.run('metrics');
    expect(stdout).toMatch(/^# TYPE capstan_call_duration histogram$/m);
    expect(stdout).toMatch(/^capstan_call_duration_count\{.*provider="toy".*\} 1$/m);
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
    await place.host();
    const several = await place.run('metrics');
    expect(several.stderr).toMatch(/Several are running: \d+, \d+\. .*--pid/);
    const named = await place.run('metrics', '--pid', String(one.pid), '--json');
    expect(documentOf(named)).toMatchObject({ pid: one.pid, metrics: expect.stringContaining('capstan_') as string });
  });
});

describe.concurrent('--control', () => {
  test('lets a call be watched while it runs, and leaves nothing behind', async () => {
    await using place = await watched();
    const { toys, environment } = place;
    const { child, finished } = toys.start(['call', 'toy.slow', '--control', '--json'], { environment });
    await toys.upstream.arrived('slow');
    const { stdout } = await place.run('sessions');
    expect(stdout).toMatch(/^toy-1 +toy +- +caller +host +toy\.slow +busy +1 +1 +\d+ s +- /m);
    child.kill('SIGINT');
    expect((await finished).exitCode).toBe(130);
    expect(readdirSync(join(environment['XDG_RUNTIME_DIR'] ?? '', 'capstan'))).toEqual([]);
  });

  test('is off by default', async () => {
    await using place = await watched();
    const { toys, environment } = place;
    const { child, finished } = toys.start(['call', 'toy.slow'], { environment });
    await toys.upstream.arrived('slow');
    expect((await place.run('sessions')).stdout).toContain('No Capstan process of yours is running.');
    child.kill('SIGINT');
    await finished;
    expect(readdirSync(environment['XDG_RUNTIME_DIR'] ?? '')).toEqual([]);
  });

  test('fails the command before anything is called where the socket cannot be opened', async () => {
    await using place = await watched();
    const environment = { XDG_RUNTIME_DIR: join(place.toys.folder, 'missing') };
    const { stderr, exitCode } = await place.toys.run(['call', 'toy.text', '--control'], { environment });
    expect(stderr).toContain('error FORBIDDEN: ');
    expect(exitCode).toBe(6);
    expect(place.toys.upstream.calls).toEqual([]);
  });
});

test('no secret of a watched process is printed', async () => {
  await using place = await watched();
  const host = await place.host();
  expect(await host.say('call toy.parrot')).toContain('[redacted TOY_TOKEN]');
  await host.say('call toy.parrotError');
  const runs = await Promise.all([
    place.run('sessions', '--all', '--json', '--verbose'),
    place.run('metrics'),
    place.run('sessions', 'end', 'toy-1', '--json', '--verbose'),
  ]);
  const printed = runs.map(({ stdout, stderr }) => stdout + stderr).join();
  expect(printed).toContain('toy.parrot');
  expect(printed).not.toContain(canary);
});
