import type { Caller, Invocation } from '@capstan/provider';
import { CapstanError } from '@capstan/provider';
import { ProviderRegistry, RuntimeEvents, Secrets, SessionPool, Telemetry } from '@capstan/runtime';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { CallLimitTable } from '../../src/marketplace/call-limits.ts';
import { defaultCallLimits, defaultSessionPoolOptions } from '../../src/runtime-options.ts';
import { Refusal } from '../support/memory-provider.ts';
import { modelCapability, ModelUpstream } from './model-upstream.ts';

interface World {
  readonly upstream: ModelUpstream;
  readonly pool: SessionPool;
  readonly calls: { readonly controller: AbortController; settled: boolean }[];
}

/** What can happen to a pool. `n` picks one of what is there. */
type Step =
  | {
      do: 'call';
      place: string;
      scope: string;
      effect: 'read' | 'once';
      caller: Caller;
      conversationId: string | undefined;
    }
  | {
      do: 'open' | 'refuse-opening' | 'answer' | 'kill' | 'lose' | 'stale' | 'terminate' | 'cancel' | 'invalidate';
      n: number;
    }
  | { do: 'refuse'; n: number; kind: 'transient' | 'caller' | 'unauthorized' | 'fatal'; sent: boolean }
  | { do: 'wait'; ms: number };

const n = fc.nat(7);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('call' as const),
      place: fc.constantFrom('here', 'there'),
      scope: fc.constantFrom('shared', 'caller', 'conversation', 'call'),
      effect: fc.constantFrom('read' as const, 'once' as const),
      caller: fc.constantFrom<Caller>({}, { subject: 'ann' }, { subject: 'bob' }, { subject: 'ann', tenant: 't' }),
      conversationId: fc.constantFrom(undefined, 'one', 'two'),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('open' as const), n }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('answer' as const), n }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('refuse-opening', 'kill', 'lose', 'stale', 'terminate', 'cancel', 'invalidate'),
      n,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('refuse' as const),
      n,
      kind: fc.constantFrom('transient', 'caller', 'unauthorized', 'fatal'),
      sent: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(50, 1_000, 40_000, 400_000) }),
  },
);

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

function createWorld(): World {
  const upstream = new ModelUpstream();
  const logger = { log: () => {} };
  const secrets = new Secrets({ read: async () => undefined });
  const pool = new SessionPool(
    new ProviderRegistry([upstream.provider()]),
    secrets,
    new CallLimitTable(defaultCallLimits),
    new RuntimeEvents(secrets, logger),
    new Telemetry({ eventLoopDelay: false }),
    logger,
    { ...defaultSessionPoolOptions, maxSessionsPerProvider: 4, maxSessionsTotal: 4, queueLimit: 4 },
  );
  return { upstream, pool, calls: [] };
}

function pick<T>(items: Iterable<T>, at: number): T | undefined {
  const all = [...items];
  return all[at % Math.max(1, all.length)];
}

function call({ pool, calls }: World, { place, scope, effect, caller, conversationId }: Step & { do: 'call' }): void {
  const controller = new AbortController();
  const entry = { controller, settled: false };
  const invocation: Invocation = {
    callId: `call-${calls.length}`,
    capability: modelCapability(place, scope, effect),
    input: calls.length,
    caller,
    signal: controller.signal,
    attempt: 0,
    ...(conversationId !== undefined && { conversationId }),
  };
  calls.push(entry);
  const settle = (): void => {
    entry.settled = true;
  };
  pool.executeWithSession(invocation).then(settle, (error: unknown) => {
    settle();
    expect(CapstanError.isInstance(error)).toBe(true);
  });
}

async function perform(world: World, what: Step): Promise<void> {
  const { upstream, pool, calls } = world;
  switch (what.do) {
    case 'call':
      call(world, what);
      break;
    case 'open':
      upstream.openings.shift()?.resolve();
      break;
    case 'refuse-opening':
      upstream.openings.shift()?.reject(new Refusal({ kind: what.n % 2 === 0 ? 'transient' : 'fatal', sent: false }));
      break;
    case 'answer': {
      const held = pick(upstream.calls, what.n);
      if (held !== undefined) upstream.answer(held);
      break;
    }
    case 'refuse': {
      const held = pick(upstream.calls, what.n);
      if (held !== undefined) upstream.refuse(held, new Refusal(what));
      break;
    }
    case 'kill': {
      const session = pick(upstream.open, what.n);
      if (session !== undefined) upstream.kill(session);
      break;
    }
    case 'lose': {
      const session = pick(upstream.open, what.n);
      if (session !== undefined) {
        session.isOpen = false;
        session.onLost(new Error('gone'));
      }
      break;
    }
    case 'stale':
      pick(upstream.open, what.n)?.onStale();
      break;
    case 'terminate':
      void pool.terminateSession(pick(pool.list(), what.n)?.id ?? 'none');
      break;
    case 'cancel':
      pick(calls, what.n)?.controller.abort(new CapstanError('CANCELLED', 'cancelled'));
      break;
    case 'invalidate':
      pool.invalidate({ provider: 'model', ...(what.n % 2 === 0 && { upstream: ['here'] }) });
      break;
    case 'wait':
      await vi.advanceTimersByTimeAsync(what.ms);
      break;
  }
  await vi.advanceTimersByTimeAsync(0);
}

/** What must be true at every moment. */
function check({ upstream, pool, calls }: World): void {
  for (const session of upstream.sessions) {
    expect(session.shares.size).toBeLessThanOrEqual(1);
    expect(upstream.carried(session)).toBeLessThanOrEqual(3);
    expect(session.ends).toBeLessThanOrEqual(1);
  }
  const live = pool.list().filter(({ state }) => state !== 'closed');
  expect(live.length).toBeLessThanOrEqual(4);
  for (const { inFlight, calls: carried } of live) {
    expect(inFlight).toBeGreaterThanOrEqual(0);
    expect(inFlight).toBeLessThanOrEqual(carried);
  }
  expect(calls.filter(({ settled }) => !settled).length).toBeGreaterThanOrEqual(upstream.calls.size);
}

/** Lets everything come to its end, and looks at what is left. */
async function conclude({ upstream, pool, calls }: World): Promise<void> {
  for (let round = 0; round < 40 && calls.some(({ settled }) => !settled); round++) {
    for (const opening of upstream.openings.splice(0)) opening.resolve();
    for (const held of upstream.calls) upstream.answer(held);
    await vi.advanceTimersByTimeAsync(1_000);
  }
  expect(calls.every(({ settled }) => settled)).toBe(true);
  const drained = pool.drain();
  for (const opening of upstream.openings.splice(0)) opening.resolve();
  await vi.advanceTimersByTimeAsync(30_000);
  await drained;
  expect(upstream.open).toEqual([]);
  expect(upstream.sessions.every(({ ends }) => ends === 1)).toBe(true);
  expect(pool.list().every(({ state }) => state === 'closed')).toBe(true);
}

it(
  'whatever happens, shares nothing outside its scope, keeps its bounds, settles every call and ends every session',
  { timeout: 120_000 },
  async () => {
    expect.hasAssertions();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 20, size: 'max' }), async (steps) => {
        const world = createWorld();
        for (const what of steps) {
          await perform(world, what);
          check(world);
        }
        await conclude(world);
      }),
      { numRuns: 10_000, seed: 777 },
    );
  },
);
