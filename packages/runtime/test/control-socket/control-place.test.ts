import { listControlled, type Runtime, serveControl } from '@capstan/runtime';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { counterRuntime } from '../support/counter-runtime.ts';
import { CounterServer } from '../support/counter-server.ts';
import { controlFolder } from './control-folder.ts';

let server: CounterServer;
let folder: ReturnType<typeof controlFolder>;
let runtime: Runtime;

beforeEach(async () => {
  server = await CounterServer.start();
  folder = controlFolder();
  runtime = (await counterRuntime(server)).runtime;
});

afterEach(async () => {
  await runtime.close();
  folder[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
});

/** A folder of somebody else: only root can make one, and everybody else finds one. */
function foreignFolder(): string {
  if (process.getuid?.() !== 0) return '/';
  const path = join(folder.path, 'foreign');
  mkdirSync(path, { mode: 0o700 });
  chownSync(path, 12_345, 12_345);
  return path;
}

/** Leaves the socket of a process that was killed. */
async function leaveSocket(path: string): Promise<void> {
  const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  await once(spawn(process.execPath, ['-e', script], { stdio: 'ignore' }), 'exit');
}

/** The id of a process that lived a moment ago. */
async function deadProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' });
  await once(child, 'exit');
  return Number(child.pid);
}

describe('the folder of control sockets', () => {
  const refused: readonly (readonly [string, string, () => string])[] = [
    [
      'is open to others',
      'mode',
      () => {
        const path = join(folder.path, 'open');
        mkdirSync(path);
        chmodSync(path, 0o750);
        return path;
      },
    ],
    [
      'is a symbolic link',
      'symlink',
      () => {
        const path = join(folder.path, 'link');
        mkdirSync(join(folder.path, 'target'), { mode: 0o700 });
        symlinkSync(join(folder.path, 'target'), path);
        return path;
      },
    ],
    ['belongs to somebody else', 'owner', foreignFolder],
    [
      'is a file',
      'kind',
      () => {
        const path = join(folder.path, 'file');
        writeFileSync(path, '', { mode: 0o600 });
        return path;
      },
    ],
  ];

  it.each(refused)('is refused where it %s, by servers and by clients', async (_what, problem, make) => {
    const directory = make();
    const refusal = { code: 'FORBIDDEN', details: { controlSocket: directory, problem } };
    await expect(serveControl(runtime, { directory })).rejects.toMatchObject(refusal);
    await expect(listControlled({ directory })).rejects.toMatchObject(refusal);
  });

  it('is refused where it cannot be made, or its path is too long for a socket', async () => {
    await expect(serveControl(runtime, { directory: join(folder.path, 'no', 'such') })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    await expect(serveControl(runtime, { directory: join(folder.path, 'x'.repeat(100)) })).rejects.toMatchObject({
      code: 'INPUT_INVALID',
    });
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it('holds nobody where it does not exist', async () => {
    expect(await listControlled({ directory: join(folder.path, 'none') })).toEqual([]);
  });

  it('is in $XDG_RUNTIME_DIR where that is an absolute path, else the own one among the temporary files', async () => {
    vi.stubEnv('XDG_RUNTIME_DIR', folder.path);
    {
      await using control = await serveControl(runtime);
      expect(control.address).toBe(join(folder.path, 'capstan', `${process.pid}.sock`));
      expect(await listControlled()).toHaveLength(1);
    }
    vi.stubEnv('XDG_RUNTIME_DIR', 'relative');
    vi.stubEnv('TMPDIR', folder.path);
    await using control = await serveControl(runtime);
    expect(tmpdir()).toBe(folder.path);
    expect(control.address).toBe(join(folder.path, `capstan-${process.getuid?.()}`, `${process.pid}.sock`));
  });
});

describe('a socket left behind', () => {
  it('by a process that died is taken away by the next server, and nothing else is', async () => {
    const dead = join(folder.path, `${await deadProcess()}.sock`);
    const alive = join(folder.path, `${process.ppid}.sock`);
    const other = join(folder.path, 'notes.sock');
    await leaveSocket(dead);
    await leaveSocket(alive);
    await leaveSocket(other);
    expect(await listControlled({ directory: folder.path })).toEqual([]);
    await using control = await serveControl(runtime, { directory: folder.path });
    expect(existsSync(dead)).toBe(false);
    expect([alive, other].every((path) => existsSync(path))).toBe(true);
    expect(await listControlled({ directory: folder.path })).toMatchObject([{ name: control.name }]);
  });

  it('by an earlier process that had our id does not keep us from our name', async () => {
    const own = join(folder.path, `${process.pid}.sock`);
    await leaveSocket(own);
    await using control = await serveControl(runtime, { directory: folder.path });
    expect(control.address).toBe(own);
    expect(await listControlled({ directory: folder.path })).toMatchObject([{ pid: process.pid }]);
  });
});
