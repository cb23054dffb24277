import type { EgressPolicy } from '@capstan/provider';
import { type CallLimitOptions, nearMatches, type SessionPoolOptions } from '@capstan/runtime';
import { UsageError } from './usage-error.ts';

type Kind = 'number' | 'number-or-none' | 'boolean' | 'strings';
type Kinds<T> = Readonly<Record<keyof T, Kind>>;

const kindNames: Readonly<Record<Kind, string>> = {
  number: 'a positive number',
  'number-or-none': 'a positive number or undefined',
  boolean: 'true or false',
  strings: 'a list of texts',
};

const calls: Kinds<CallLimitOptions> = { timeoutMs: 'number', maxTotalMs: 'number', maxOutputBytes: 'number' };

const sessions: Kinds<SessionPoolOptions> = {
  maxConcurrency: 'number-or-none',
  maxSessions: 'number',
  maxSessionsPerProvider: 'number',
  maxSessionsTotal: 'number',
  queueLimit: 'number',
  idleTimeoutMs: 'number',
  maxLifetimeMs: 'number',
  acquireTimeoutMs: 'number',
  createTimeoutMs: 'number',
  validateAfterIdleMs: 'number',
  leakAfterMs: 'number',
  sweepIntervalMs: 'number',
  drainTimeoutMs: 'number',
  terminateTimeoutMs: 'number',
};

const egress: Kinds<EgressPolicy> = { allow: 'strings', strict: 'boolean' };

/** Checks what a configuration says of calls, sessions and egress. Throws `UsageError`; `where`: how it calls the configuration. */
export function checkSettings(config: Readonly<Record<string, unknown>>, where: string): void {
  const groups: Readonly<Record<string, Readonly<Record<string, Kind>>>> = { calls, sessions, egress };
  for (const [group, kinds] of Object.entries(groups)) {
    const settings = config[group];
    if (settings === undefined) continue;
    if (typeof settings !== 'object' || settings === null || Array.isArray(settings))
      throw new UsageError(`In ${where}, "${group}" must be an object.`);
    checkKeys(Object.keys(settings), Object.keys(kinds), `${group}.`, where);
    for (const [key, kind] of Object.entries(kinds)) {
      const value = (settings as Readonly<Record<string, unknown>>)[key];
      if (!Object.hasOwn(settings, key) || isOfKind(value, kind)) continue;
      throw new UsageError(`In ${where}, "${group}.${key}" must be ${kindNames[kind]}, not ${shown(value)}.`);
    }
  }
}

/** Throws `UsageError` where a key is unknown; `parent`: what stands before it, with its dot. */
export function checkKeys(keys: readonly string[], known: readonly string[], parent: string, where: string): void {
  for (const key of keys) {
    if (known.includes(key)) continue;
    const [nearest] = nearMatches(key, known);
    const hint = nearest === undefined ? `Known: ${known.join(', ')}.` : `Did you mean "${nearest}"?`;
    throw new UsageError(`Unknown key "${parent}${key}" in ${where}. ${hint}`);
  }
}

function isOfKind(value: unknown, kind: Kind): boolean {
  if (kind === 'number-or-none' && value === undefined) return true;
  if (kind === 'number' || kind === 'number-or-none')
    return typeof value === 'number' && Number.isFinite(value) && value > 0;
  if (kind === 'boolean') return typeof value === 'boolean';
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function shown(value: unknown): string {
  return typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
}
