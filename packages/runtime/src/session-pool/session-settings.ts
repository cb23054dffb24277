import type { Capability } from '@capstan/provider';
import type { SessionPoolOptions } from '../runtime-options.ts';

/** What a capability's `session_*` metadata says over the pool's options. */
export interface SessionSettings {
  readonly idleTimeoutMs: number;
  readonly maxLifetimeMs: number;
  /** Undefined: what the plugin knows of a session counts. */
  readonly maxConcurrency: number | undefined;
  readonly maxSessions: number;
  readonly queueLimit: number;
}

const keys = {
  idleTimeoutMs: 'session_idle_timeout_ms',
  maxLifetimeMs: 'session_max_lifetime_ms',
  maxConcurrency: 'session_max_concurrency',
  maxSessions: 'session_max_sessions',
  queueLimit: 'session_queue_limit',
} as const;

/** The settings of capabilities; equal ones are one object. */
export class SessionSettingsTable {
  readonly #options: SessionPoolOptions;
  readonly #of = new WeakMap<Capability, SessionSettings>();
  readonly #distinct = new Map<string, SessionSettings>();

  constructor(options: SessionPoolOptions) {
    this.#options = options;
  }

  of(capability: Capability): SessionSettings {
    let settings = this.#of.get(capability);
    if (settings === undefined) {
      const read = sessionSettings(capability, this.#options);
      const text = JSON.stringify(read);
      settings = this.#distinct.get(text) ?? read;
      this.#distinct.set(text, settings);
      this.#of.set(capability, settings);
    }
    return settings;
  }
}

export function sessionSettings(capability: Capability, options: SessionPoolOptions): SessionSettings {
  const of = <T>(name: keyof typeof keys, fallback: T): number | T => {
    const declared = capability.metadata[keys[name]];
    return typeof declared === 'number' ? declared : fallback;
  };
  return {
    idleTimeoutMs: of('idleTimeoutMs', options.idleTimeoutMs),
    maxLifetimeMs: of('maxLifetimeMs', options.maxLifetimeMs),
    maxConcurrency: of('maxConcurrency', options.maxConcurrency),
    maxSessions: of('maxSessions', options.maxSessions),
    queueLimit: of('queueLimit', options.queueLimit),
  };
}

/** Of capabilities that share a session the smallest value counts. */
export function smallestSettings(one: SessionSettings, two: SessionSettings): SessionSettings {
  return {
    idleTimeoutMs: Math.min(one.idleTimeoutMs, two.idleTimeoutMs),
    maxLifetimeMs: Math.min(one.maxLifetimeMs, two.maxLifetimeMs),
    maxConcurrency: smallest(one.maxConcurrency, two.maxConcurrency),
    maxSessions: Math.min(one.maxSessions, two.maxSessions),
    queueLimit: Math.min(one.queueLimit, two.queueLimit),
  };
}

/** The metadata keys in which two capabilities that share a session differ. */
export function conflictingKeys(one: SessionSettings, two: SessionSettings): readonly string[] {
  return Object.entries(keys)
    .filter(([name]) => one[name as keyof typeof keys] !== two[name as keyof typeof keys])
    .map(([, key]) => key);
}

function smallest(one: number | undefined, two: number | undefined): number | undefined {
  if (one === undefined || two === undefined) return one ?? two;
  return Math.min(one, two);
}
