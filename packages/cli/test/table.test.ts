import { expect, test } from 'vitest';
import { table } from '../src/table.ts';

const style = (columns?: number) => ({
  paint: (_: unknown, text: string) => text,
  ...(columns !== undefined && { columns }),
});
const rows = [
  ['a', 'one line\nand  another'],
  ['long-id', 'short'],
];

test('columns are aligned, and nothing is cut where there is no terminal', () => {
  expect(table(['ID', 'TEXT'], rows, style())).toBe('ID       TEXT\na        one line and another\nlong-id  short');
});

test('the last column is cut where the terminal ends', () => {
  const lines = table(['ID', 'TEXT'], rows, style(27)).split('\n');
  expect(lines[1]).toBe('a        one line and anot…');
  expect(Math.max(...lines.map((line) => line.length))).toBe(27);
});
