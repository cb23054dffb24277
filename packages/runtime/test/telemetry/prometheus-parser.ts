interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

const name = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const label = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"';
const sampleLine = new RegExp(`^(${name})(?:\\{(${label}(?:,${label})*)\\})? ([+-]?[0-9.eE+-]+|[+-]Inf|NaN)$`);
const labelPair = new RegExp(label, 'g');
const suffixes: Readonly<Record<string, readonly string[]>> = {
  counter: [''],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count'],
};

/** Reads Prometheus text (0.0.4), and throws on whatever a strict reader would not take: strays, repeats, wrong histograms. */
export function parsePrometheus(text: string): ReadonlyMap<string, Family> {
  if (!text.endsWith('\n')) throw new Error('The last line does not end.');
  const families = new Map<string, { type: string; help: string; samples: Sample[] }>();
  const seen = new Set<string>();
  let current = { name: '', type: '', help: '' };
  for (const line of text.slice(0, -1).split('\n')) {
    const help = new RegExp(`^# HELP (${name}) (.+)$`).exec(line);
    const type = new RegExp(`^# TYPE (${name}) (counter|gauge|histogram)$`).exec(line);
    if (help !== null) {
      current = { name: help[1] ?? '', type: '', help: help[2] ?? '' };
      if (families.has(current.name)) throw new Error(`Twice: ${current.name}`);
    } else if (type !== null) {
      if (type[1] !== current.name) throw new Error(`TYPE without HELP: ${line}`);
      current.type = type[2] ?? '';
      if (current.type === 'counter' && !current.name.endsWith('_total')) throw new Error(`Not _total: ${line}`);
      families.set(current.name, { type: current.type, help: current.help, samples: [] });
    } else {
      const family = families.get(current.name);
      const sample = parseSample(line);
      if (
        !(suffixes[current.type] ?? []).some((suffix) => sample.name === current.name + suffix) ||
        family === undefined
      )
        throw new Error(`Not of ${current.name}: ${line}`);
      const key = line.slice(0, line.lastIndexOf(' '));
      if (seen.has(key)) throw new Error(`Twice: ${key}`);
      seen.add(key);
      family.samples.push(sample);
    }
  }
  for (const [family, { type, samples }] of families) if (type === 'histogram') checkHistogram(family, samples);
  return families;
}

function parseSample(line: string): Sample {
  const match = sampleLine.exec(line);
  if (match === null) throw new Error(`Not a sample: ${line}`);
  const labels: Record<string, string> = {};
  for (const [pair] of (match[2] ?? '').matchAll(labelPair)) {
    const [key = ''] = pair.split('=', 1);
    if (key in labels) throw new Error(`Label twice: ${line}`);
    labels[key] = pair
      .slice(key.length + 2, -1)
      .replaceAll(/\\(.)/g, (_, escaped) => (escaped === 'n' ? '\n' : escaped));
  }
  return { name: match[1] ?? '', labels, value: Number(match[3]) };
}

function checkHistogram(family: string, samples: readonly Sample[]): void {
  const series = Map.groupBy(samples, ({ labels: { le: _le, ...rest } }) => JSON.stringify(rest));
  for (const [labels, all] of series) {
    const buckets = all.filter((sample) => sample.name.endsWith('_bucket'));
    const count = all.find((sample) => sample.name.endsWith('_count'));
    const bounds = buckets.map(({ labels: { le } }) => (le === '+Inf' ? Infinity : Number(le)));
    const rising = (values: readonly number[]): boolean =>
      values.every((value, index) => index === 0 || value >= (values[index - 1] ?? value));
    if (!rising(bounds) || bounds.at(-1) !== Infinity || !rising(buckets.map(({ value }) => value)))
      throw new Error(`Buckets of ${family}${labels}`);
    if (count === undefined || count.value !== buckets.at(-1)?.value || all.length !== buckets.length + 2)
      throw new Error(`Count of ${family}${labels}`);
  }
}
