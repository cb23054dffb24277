import type { Capability } from '@capstan/provider';
import { RuntimeEvents, Secrets } from '@capstan/runtime';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { announceOpening } from '../src/announce-opening.ts';
import type { Output } from '../src/output.ts';

const capability = {
  id: 'toy.one',
  provider: 'toy',
  metadata: { toy_server_url: 'https://toys.example/x' },
} as unknown as Capability;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

function announced() {
  const events = new RuntimeEvents(new Secrets({ read: async () => undefined }), { log: () => {} });
  const shown: (string | undefined)[] = [];
  const notes = { progress: (text: string) => shown.push(text), clearProgress: () => shown.push(undefined) };
  const notice = announceOpening(events, capability, notes as unknown as Output);
  const common = { session: 'toy-1', provider: 'toy', capability: 'toy.one' };
  return {
    notice,
    shown,
    opens: () => events.emit({ type: 'session-initializing', ...common, key: '' }),
    isOpen: () => events.emit({ type: 'session-initialized', ...common, facts: {}, durationMs: 1 }),
  };
}

test('says after 2 s what is being opened, and takes it back when it is open', () => {
  const { shown, opens, isOpen } = announced();
  opens();
  vi.advanceTimersByTime(1_999);
  expect(shown).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(shown).toEqual(['opening a session with toys.example …']);
  isOpen();
  expect(shown.at(-1)).toBeUndefined();
});

test('says nothing once something was heard, nor of a call that is only slow', () => {
  const heard = announced();
  heard.opens();
  heard.notice.heard();
  const slow = announced();
  slow.opens();
  slow.isOpen();
  vi.advanceTimersByTime(60_000);
  expect([...heard.shown, ...slow.shown]).toEqual([]);
});

test('takes it back when the call ends before', () => {
  const { notice, shown, opens } = announced();
  opens();
  vi.advanceTimersByTime(2_000);
  notice[Symbol.dispose]();
  expect(shown).toEqual([expect.stringContaining('opening'), undefined]);
});
