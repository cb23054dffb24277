import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const host = fileURLToPath(new URL('drain-host.fixture.ts', import.meta.url));

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

it('SIGTERM with 100 calls under way: all are answered, all sessions ended, no process is left', async () => {
  const child = spawn(process.execPath, [host], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit') as Promise<[number | null, string | null]>;
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const { children } = JSON.parse((await lines.next()).value ?? '{}') as { children: number[] };
  expect(children.length).toBeGreaterThan(0);
  expect(children.every(isAlive)).toBe(true);
  child.kill('SIGTERM');
  expect(JSON.parse((await lines.next()).value ?? '{}')).toEqual({
    answered: 100,
    dropped: [],
    sessions: [
      { at: expect.any(Number), why: 'drain', confirmed: true },
      { at: expect.any(Number), why: 'drain', confirmed: true },
    ],
    deletes: 1,
  });
  expect(await exited).toEqual([0, null]);
  expect(children.some(isAlive)).toBe(false);
});
