import type { EgressStream } from '../egress.ts';

/** What an upstream says may still be asked of it. */
export interface AnnouncedBudget {
  /** In a whole window, where it says so. */
  readonly limit?: number;
  readonly remaining: number;
  /** Milliseconds since the epoch: when a new window begins. */
  readonly resetAt: number;
}

type Headers = EgressStream['headers'];

/**
 * Reads `RateLimit` (draft-ietf-httpapi-ratelimit-headers, of 2025 and of -07), else `RateLimit-*`, else `X-RateLimit-*`. Where several budgets are named,
 * the one that has least left, and of those the one that resets last. Undefined where nothing can be read. `now`: milliseconds since the epoch.
 */
export const announcedBudget = (headers: Headers, now: number = Date.now()): AnnouncedBudget | undefined =>
  combinedBudget(headers, now) ?? budgetOf(headers, 'ratelimit-', now) ?? budgetOf(headers, 'x-ratelimit-', now);

const budgetOf = (headers: Headers, prefix: string, now: number): AnnouncedBudget | undefined =>
  budget(
    numberIn(headers[`${prefix}limit`]),
    numberIn(headers[`${prefix}remaining`]),
    numberIn(headers[`${prefix}reset`]),
    now,
    clockOf(headers, now),
  );

const combinedBudget = (headers: Headers, now: number): AnnouncedBudget | undefined => {
  const value = headers['ratelimit'];
  if (typeof value !== 'string') return undefined;
  const whole = parametersOf(value);
  const old = budget(whole.get('limit'), whole.get('remaining'), whole.get('reset'), now);
  if (old !== undefined) return old;
  const budgets = value.split(',').flatMap((item) => {
    const parameters = parametersOf(item);
    return budget(undefined, parameters.get('r'), parameters.get('t'), now) ?? [];
  });
  const [tightest] = budgets.toSorted((a, b) => a.remaining - b.remaining || b.resetAt - a.resetAt);
  return tightest;
};

const parametersOf = (text: string): ReadonlyMap<string, number> =>
  new Map(
    [...text.matchAll(/(?:^|[;,])\s*([a-z]+)\s*=\s*(\d{1,15})(?=\s*(?:[;,]|$))/gi)].map(([, name = '', value]) => [
      name.toLowerCase(),
      Number(value),
    ]),
  );

/** The first number: some write `100, 100;w=60`. */
const numberIn = (value: string | string[] | undefined): number | undefined => {
  const digits = typeof value === 'string' ? /^\s*(\d{1,15})(?:\.\d+)?\s*(?:[,;]|$)/.exec(value)?.[1] : undefined;
  return digits === undefined ? undefined : Number(digits);
};

const budget = (
  limit: number | undefined,
  remaining: number | undefined,
  reset: number | undefined,
  now: number,
  clock = now,
): AnnouncedBudget | undefined =>
  remaining === undefined || reset === undefined
    ? undefined
    : { ...(limit === undefined ? {} : { limit }), remaining, resetAt: resetInstant(reset, now, clock) };

/** Seconds from now, or an instant by the upstream's clock: GitHub's in seconds since the epoch, others' in milliseconds. */
const resetInstant = (reset: number, now: number, clock: number): number => {
  if (reset < 1e9) return now + reset * 1_000;
  return now - clock + (reset < 1e11 ? reset * 1_000 : reset);
};

/** The time of the upstream, ours where it does not tell. */
const clockOf = ({ date }: Headers, now: number): number => {
  const told = typeof date === 'string' ? Date.parse(date) : Number.NaN;
  return Number.isNaN(told) ? now : told;
};
