import type { LedgerEntry } from '@capstan/runtime';
import { durationText } from './duration-text.ts';
import { type Style, visible } from './style.ts';
import { table, tableWidth } from './table.ts';

interface Column {
  readonly heading: string;
  /** The greatest is left out first where the terminal is too narrow; those without one stay. */
  readonly dropped?: number;
  readonly cell: (session: LedgerEntry, now: number) => string;
}

const columns: readonly Column[] = [
  { heading: 'ID', cell: ({ id }) => id },
  { heading: 'PROVIDER', dropped: 6, cell: ({ provider }) => provider },
  { heading: 'UPSTREAM', dropped: 4, cell: ({ facts }) => facts.upstreamName ?? '-' },
  { heading: 'SCOPE', dropped: 8, cell: ({ scope }) => scope },
  { heading: 'OPENED BY', dropped: 7, cell: ({ openedBy }) => callerText(openedBy) },
  { heading: 'OPENED FOR', dropped: 1, cell: ({ openedFor }) => openedFor },
  { heading: 'STATE', cell: ({ state }) => state },
  { heading: 'CALLS', dropped: 3, cell: ({ calls }) => String(calls) },
  { heading: 'IN FLIGHT', dropped: 5, cell: ({ inFlight }) => String(inFlight) },
  {
    heading: 'AGE',
    dropped: 2,
    cell: ({ ended, createdAt }, now) => durationText((ended?.at ?? now) - createdAt),
  },
  { heading: 'PROTOCOL', dropped: 9, cell: ({ facts }) => facts.protocolVersion ?? '-' },
  { heading: 'END', cell: endText },
];

/** One line for each session; where the terminal is too narrow, without the columns that matter least. `now`: milliseconds since the epoch. */
export function sessionTable(sessions: readonly LedgerEntry[], now: number, style: Style): string {
  const textOf = (shown: readonly Column[]): readonly (readonly string[])[] =>
    sessions.map((session) => shown.map(({ cell }) => visible(cell(session, now))));
  let shown = columns;
  for (const column of columns.filter(isDroppable).toSorted((a, b) => b.dropped - a.dropped)) {
    if (tableWidth(headingsOf(shown), textOf(shown)) <= (style.columns ?? Infinity)) break;
    shown = shown.filter((other) => other !== column);
  }
  const lines = table(headingsOf(shown), textOf(shown), style);
  const left = columns.length - shown.length;
  if (left === 0) return lines;
  const note = `${left === 1 ? '1 column does' : `${left} columns do`} not fit: see --json, or widen the terminal.`;
  return `${lines}\n${style.paint('dim', note)}`;
}

function isDroppable(column: Column): column is Column & { readonly dropped: number } {
  return column.dropped !== undefined;
}

function headingsOf(shown: readonly Column[]): readonly string[] {
  return shown.map(({ heading }) => heading);
}

/** When and why a session ends or ended, and whether the upstream confirmed it. */
export function endText({ ended, willEnd, state }: LedgerEntry, now: number): string {
  if (ended !== undefined) {
    const confirmed = ended.confirmed ? 'confirmed' : 'not confirmed';
    return `${ended.why}, ${durationText(now - ended.at)} ago, ${confirmed}`;
  }
  if (willEnd !== undefined) return `${willEnd.why} in ${durationText(willEnd.at - now)}`;
  switch (state) {
    case 'busy':
      return 'not while in use';
    case 'retiring':
      return 'after its last call';
    case 'lost':
    case 'terminating':
      return 'now';
    default:
      return '-';
  }
}

function callerText({ subject, tenant }: LedgerEntry['openedBy']): string {
  return tenant === undefined ? (subject ?? '-') : `${subject ?? '-'} of ${tenant}`;
}
