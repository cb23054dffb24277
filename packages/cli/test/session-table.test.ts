import type { LedgerEntry } from '@capstan/runtime';
import { describe, expect, test } from 'vitest';
import { endText, sessionTable } from '../src/session-table.ts';

const now = 1_000_000;
const ready: LedgerEntry = {
  id: 'toy-1',
  provider: 'toy',
  openedBy: { subject: 'ada', tenant: 'acme' },
  openedFor: 'toy.echo',
  scope: 'caller',
  state: 'ready',
  facts: { upstreamName: 'Toys', protocolVersion: '2' },
  calls: 3,
  inFlight: 0,
  createdAt: now - 90_000,
  lastUsedAt: now - 10_000,
};

describe('endText', () => {
  test.each([
    ['idle in 4 min', { willEnd: { at: now + 240_000, why: 'idle' } }],
    ['lifetime in 0 s', { willEnd: { at: now - 1, why: 'lifetime' } }],
    ['not while in use', { state: 'busy' }],
    ['after its last call', { state: 'retiring' }],
    ['now', { state: 'terminating' }],
    ['-', { state: 'creating' }],
    [
      'lost, 2 min ago, not confirmed',
      { state: 'closed', ended: { at: now - 120_000, why: 'lost', confirmed: false } },
    ],
    ['idle, 3 s ago, confirmed', { state: 'closed', ended: { at: now - 3_000, why: 'idle', confirmed: true } }],
  ] satisfies readonly (readonly [string, Partial<LedgerEntry>])[])('says "%s"', (text, facts) => {
    expect(endText({ ...ready, ...facts }, now)).toBe(text);
  });
});

describe('sessionTable', () => {
  const plain = { paint: (_format: unknown, text: string): string => text };
  const row = (session: LedgerEntry): string => sessionTable([session], now, plain).split('\n')[1] ?? '';

  test('tells name and protocol of the upstream, the caller and the age', () => {
    expect(row(ready).split(/ {2,}/)).toEqual(
      'toy-1,toy,Toys,caller,ada of acme,toy.echo,ready,3,0,1 min,2,-'.split(','),
    );
  });

  test('counts the age of an ended session to its end', () => {
    expect(row({ ...ready, ended: { at: now - 60_000, why: 'idle', confirmed: true } })).toContain('  30 s  ');
  });

  test('makes control characters in what an upstream says visible', () => {
    const shown = row({ ...ready, facts: { upstreamName: 'Toys\u001b[2J\nmore' } });
    expect(shown).toContain(String.raw`Toys\x1b[2J more`);
  });

  test('leaves out what matters least where the terminal is narrow, and says so', () => {
    const session = {
      ...ready,
      id: 'mcp-1',
      openedFor: 'mcp.everything_stdio.long_running',
      facts: { upstreamName: 'mcp-servers/everything', protocolVersion: '2025-11-25' },
      willEnd: { at: now + 240_000, why: 'idle' },
    } satisfies LedgerEntry;
    const [headings = '', row = '', note = ''] = sessionTable([session], now, { ...plain, columns: 80 }).split('\n');
    expect(headings.split(/ {2,}/)).toEqual(['ID', 'OPENED FOR', 'STATE', 'CALLS', 'AGE', 'END']);
    expect(row).toMatch(/^mcp-1 +mcp\.everything_stdio\.long_running +ready +3 +1 min +idle in 4 min$/);
    expect(Math.max(headings.length, row.length, note.length)).toBeLessThanOrEqual(80);
    expect(note).toBe('6 columns do not fit: see --json, or widen the terminal.');
    expect(sessionTable([session], now, { ...plain, columns: 300 })).toBe(sessionTable([session], now, plain));
  });

  test('keeps id, state and end however narrow the terminal is', () => {
    const [headings = ''] = sessionTable([ready], now, { ...plain, columns: 10 }).split('\n');
    expect(headings.split(/ {2,}/)).toEqual(['ID', 'STATE', 'END']);
  });
});
