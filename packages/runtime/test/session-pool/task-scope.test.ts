import { describe, expect, it } from 'vitest';
import { TaskScope } from '../../src/session-pool/task-scope.ts';

describe('TaskScope', () => {
  it('runs no more at once than its limit, and the rest in order', async () => {
    const scope = new TaskScope({ running: 2 });
    const gates = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
    const begun: number[] = [];
    const tasks = gates.map(({ promise }, n) =>
      scope.run(async () => {
        begun.push(n);
        await promise;
      }),
    );
    expect([begun, scope.queued]).toEqual([[0, 1], 2]);
    gates[1]?.resolve();
    await tasks[1];
    expect(begun).toEqual([0, 1, 2]);
    for (const { resolve } of gates) resolve();
    await Promise.all(tasks);
    expect([begun, scope.queued]).toEqual([[0, 1, 2, 3], 0]);
  });

  it('refuses what it cannot queue, except what must run', async () => {
    const scope = new TaskScope({ running: 1, queued: 1 });
    const gate = Promise.withResolvers<void>();
    const first = scope.run(() => gate.promise);
    const second = scope.run(async () => 'second');
    await expect(scope.run(async () => 'third')).rejects.toMatchObject({
      code: 'OVERLOADED',
      retryAfterMs: 1_000,
      details: { scope: 'executor', queueDepth: 1 },
    });
    const must = scope.run(async () => 'must', true);
    gate.resolve();
    await first;
    expect(await Promise.all([second, must])).toEqual(['second', 'must']);
  });

  it('is settled when all tasks are over, failed ones and later ones included', async () => {
    const scope = new TaskScope();
    const done: string[] = [];
    const failing = scope.run(async () => {
      await scope.run(async () => void done.push('inner'));
      throw new Error('failed');
    });
    await expect(failing).rejects.toThrow('failed');
    void scope.run(async () => {
      await Promise.resolve();
      void scope.run(async () => void done.push('later'));
    });
    await scope.settled();
    expect(done).toEqual(['inner', 'later']);
  });
});
