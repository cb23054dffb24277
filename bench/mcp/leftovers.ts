/**
 * What calls leave behind in Capstan's process: `leftovers.ts <url of the upstream> <calls>`. All calls have one signal, as a host's calls of one
 * request have. Says one `Leftovers` once the runtime is closed, and then stays, so that its parent can look for sockets.
 */
import { getEventListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { queryObjects } from 'node:v8';
import type { Leftovers } from './messages.ts';

type Constructor = abstract new (...args: never) => unknown;

/** For what ends in the turns after its call. */
const settleMs = 100;
const seen = new Set<WeakRef<AbortSignal>>();

/** Remembers every signal that is listened to. Only here, where no time is taken. */
function watchSignals(): void {
  const known = new WeakSet<AbortSignal>();
  const listen = Reflect.get(EventTarget.prototype, 'addEventListener') as EventTarget['addEventListener'];
  EventTarget.prototype.addEventListener = function (this: EventTarget, ...args: Parameters<typeof listen>) {
    if (this instanceof AbortSignal && !known.has(this)) {
      known.add(this);
      seen.add(new WeakRef(this));
    }
    listen.apply(this, args);
  };
}

/** Those that outlive what they were for: set on a signal that lives on when memory is collected, and there before it was. */
async function staleListeners(): Promise<number> {
  const counted = [...seen].flatMap((reference) => {
    const signal = reference.deref();
    return signal === undefined ? [] : [{ reference, listeners: getEventListeners(signal, 'abort').length }];
  });
  // What was looked at through a weak reference lives until the turn ends.
  await delay(settleMs);
  globalThis.gc?.();
  return counted.reduce((sum, { reference, listeners }) => sum + (reference.deref() ? listeners : 0), 0);
}

function timerConstructor(): Constructor {
  const timer = setTimeout(() => undefined, 0);
  clearTimeout(timer);
  return timer.constructor as Constructor;
}

function living(constructor: Constructor): number {
  return queryObjects(constructor, { format: 'count' });
}

async function callMany(call: (text: string) => Promise<string>, calls: number): Promise<void> {
  const concurrency = 32;
  for (let n = 0; n < calls / 2; n++) await call(`${n}`);
  for (let n = 0; n < calls / 2; n += concurrency)
    await Promise.all(Array.from({ length: concurrency }, (_, index) => call(`${n + index}`)));
}

async function count(caller: AbortSignal): Promise<Omit<Leftovers, 'timers'>> {
  await delay(settleMs);
  const listenersOfTheCaller = getEventListeners(caller, 'abort').length;
  const abortListeners = await staleListeners();
  await delay(settleMs);
  return { listenersOfTheCaller, abortListeners, signals: living(AbortSignal) };
}

/** One runtime from its start to its end. Nothing of it is in reach afterwards. */
async function measureOpen(url: string, calls: number): Promise<Omit<Leftovers, 'timers'>> {
  const { openCapstan } = await import('./clients/capstan.ts');
  const { signal } = new AbortController();
  const client = await openCapstan(url);
  const call = (text: string): Promise<string> => client.call(text, signal);
  await callMany(call, 200);
  const before = await count(signal);
  await callMany(call, calls);
  const after = await count(signal);
  await client.close();
  await delay(settleMs);
  return {
    listenersOfTheCaller: after.listenersOfTheCaller - before.listenersOfTheCaller,
    abortListeners: after.abortListeners - before.abortListeners,
    signals: after.signals - before.signals,
  };
}

async function measure(url: string, calls: number): Promise<Leftovers> {
  // What a process keeps however often a runtime comes and goes is there after the first.
  await measureOpen(url, 200);
  const timers = living(timerConstructor());
  const leftovers = await measureOpen(url, calls);
  return { ...leftovers, timers: living(timerConstructor()) - timers };
}

watchSignals();
const [url = '', calls] = process.argv.slice(2);
process.once('disconnect', () => process.exit());
process.send?.(await measure(url, Number(calls)));
