import type { Style } from './style.ts';

const gap = '  ';
const narrowestLast = 16;

/** Aligned columns under dim headings; the last column is cut where the terminal ends. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[], style: Style): string {
  const flat = flatRows(rows);
  const widths = columnWidths(headings, flat);
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + gap.length, 0);
  const last = style.columns === undefined ? Infinity : Math.max(narrowestLast, style.columns - before);
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === headings.length - 1 ? cut(cell, last) : cell.padEnd(widths[column] ?? 0)))
      .join(gap)
      .trimEnd();
  return [style.paint('dim', line(headings)), ...flat.map(line)].join('\n');
}

/** Of the whole table, with nothing cut. */
export function tableWidth(headings: readonly string[], rows: readonly (readonly string[])[]): number {
  const widths = columnWidths(headings, flatRows(rows));
  return widths.reduce((sum, width) => sum + width, gap.length * (widths.length - 1));
}

function flatRows(rows: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return rows.map((row) => row.map((cell) => cell.replaceAll(/\s+/g, ' ').trim()));
}

function columnWidths(headings: readonly string[], rows: readonly (readonly string[])[]): readonly number[] {
  return headings.map((heading, column) => Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)));
}

function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}
