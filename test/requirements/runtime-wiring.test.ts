import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CallInterceptor,
  type DependencyContainer,
  Marketplace,
  SESSION_POOL,
  SessionPool,
} from '@capstan/runtime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as tokens from '../../packages/runtime/src/tokens.ts';
import { counterRuntime } from '../../packages/runtime/test/support/counter-runtime.ts';
import { CounterServer } from '../../packages/runtime/test/support/counter-server.ts';
import { filesUnder, workspaceRoot } from '../guards/workspace.ts';

type Part = Parameters<DependencyContainer['resolveAll']>[0];

const pass: CallInterceptor = (invocation, next) => next(invocation);
const classes = await scopedClasses();
const parts: ReadonlyMap<string, Part> = new Map([...(Object.entries(tokens) as [string, Part][]), ...classes]);
let server: CounterServer;

beforeEach(async () => {
  server = await CounterServer.start();
});

afterEach(async () => {
  await server[Symbol.asyncDispose]();
});

/** Every class of the runtime that the container makes, by its name. */
async function scopedClasses(): Promise<readonly [string, Part][]> {
  const found: [string, Part][] = [];
  for (const path of filesUnder(workspaceRoot, 'packages/runtime/src')) {
    const text = readFileSync(join(workspaceRoot, path), 'utf8');
    for (const [, name = ''] of text.matchAll(/^@scoped\(.*\)\nexport class (\w+)/gm)) {
      const module = (await import(join(workspaceRoot, path))) as Record<string, Part>;
      const part = module[name];
      if (part !== undefined) found.push([name, part]);
    }
  }
  return found;
}

/** The same order for the same seed. */
function shuffled<T>(items: readonly T[], seed: number): readonly T[] {
  let state = seed;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  return items
    .map((item) => ({ item, place: random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

/** A runtime whose container was asked for `names`, in that order, before anything else was made. */
async function startedWith(names: readonly string[]) {
  const resolved = new Map<string, readonly unknown[]>();
  const resolve = (container: DependencyContainer, name: string): readonly unknown[] => {
    const part = parts.get(name);
    return part === undefined ? [] : container.resolveAll(part);
  };
  let container: DependencyContainer | undefined;
  const started = await counterRuntime(server, [{}], {
    interceptors: [pass],
    configure: (own) => {
      container = own;
      for (const name of names) resolved.set(name, resolve(own, name));
    },
  });
  return { ...started, resolved, again: (name: string) => (container === undefined ? [] : resolve(container, name)) };
}

describe('the parts of a runtime', () => {
  it('are all found: every token, and every class that the container makes', () => {
    expect([...parts.keys()]).toEqual(
      expect.arrayContaining(['PROVIDER_PLUGIN', 'SESSION_POOL', 'LOGGER', 'Marketplace', 'SessionPool', 'Telemetry']),
    );
    expect(classes.length).toBeGreaterThanOrEqual(6);
  });

  it.each([...parts.keys()].map((name, seed) => [name, seed] as const))(
    'are made from a fresh container, %s first and the others in any order, once each and without a cycle',
    async (first, seed) => {
      const others = [...parts.keys()].filter((name) => name !== first);
      const { runtime, resolved, again } = await startedWith([first, ...shuffled(others, seed)]);
      for (const [name, instances] of resolved) {
        expect(instances, name).toHaveLength(1);
        expect(instances[0], name).toBeDefined();
        expect(again(name)[0], name).toBe(instances[0]);
      }
      expect(resolved.get('Marketplace')?.[0]).toBe(runtime.marketplace);
      expect(resolved.get('SESSION_POOL')?.[0]).toBe(runtime.sessions);
      expect(resolved.get('SessionPool')?.[0]).toBe(runtime.sessions);
      expect((await runtime.call('counter.count')).call.session).toBe('new');
      await runtime.close();
      expect(server.counts).toMatchObject({ opened: 1, closed: 1 });
    },
  );

  it('are refused at start, not waited for, where a host wires a cycle', async () => {
    const cyclic = counterRuntime(server, [{}], {
      configure: (container) => {
        container.register(tokens.LOGGER, { useFactory: (scope) => (scope.resolve(SessionPool), console) as never });
      },
    });
    await expect(cyclic).rejects.toThrow(/Cannot inject the dependency "logger"/);
  });

  it('stay as they are once the runtime is made: nothing is set later', async () => {
    let container: DependencyContainer | undefined;
    const { runtime } = await counterRuntime(server, [{}], { configure: (own) => void (container = own) });
    const { sessions } = runtime;
    container?.register(SESSION_POOL, { useFactory: () => undefined });
    expect(container?.resolve(SESSION_POOL)).toBeUndefined();
    expect((await runtime.call('counter.count')).call.session).toBe('new');
    expect([runtime.sessions === sessions, container?.resolve(Marketplace) === runtime.marketplace]).toEqual([
      true,
      true,
    ]);
    await runtime.close();
  });

  it('belong to one runtime: 16 started at once share nothing and wait for nobody', async () => {
    const started = await Promise.all(Array.from({ length: 16 }, () => counterRuntime(server)));
    await Promise.all(started.map(({ runtime }) => runtime.call('counter.count')));
    expect(server.counts).toMatchObject({ opened: 16, calls: 16 });
    await Promise.all(started.slice(1).map(({ runtime }) => runtime.close()));
    expect((await started[0]?.runtime.call('counter.count'))?.call.session).toBe('reused');
    await started[0]?.runtime.close();
    expect(server.counts.closed).toBe(16);
  });
});
