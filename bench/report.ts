/** One figure and the goal that it is held to. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** `max`: the figure may not be above the goal; `min`: not below it. Absent: shown for comparison only. */
  readonly goal?: { readonly max: number } | { readonly min: number };
}

/** Prints figures as a table for people and as JSON for machines. Sets the exit code to 1 where a goal is missed. */
export function report(benchmark: string, figures: readonly Figure[]): void {
  const rows = figures.map(({ what, value, unit, goal }) => ({
    what,
    value: Number(value.toPrecision(4)),
    unit,
    goal: goal === undefined ? '' : 'max' in goal ? `<= ${goal.max}` : `>= ${goal.min}`,
    met: goal === undefined ? '' : ('max' in goal ? value <= goal.max : value >= goal.min) ? 'met' : 'MISSED',
  }));
  console.log(`${benchmark}, Node ${process.version}`);
  console.table(rows);
  console.log(JSON.stringify({ benchmark, node: process.version, figures: rows }));
  if (rows.some(({ met }) => met === 'MISSED')) process.exitCode = 1;
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}
