import type { CallInterceptor } from './call-interceptor.ts';
import type { InjectionToken } from './container.ts';
import type { CallLimitOptions, SessionPoolOptions } from './runtime-options.ts';
import type { Logger, ProviderPlugin } from '@capstan/provider';
import type { SessionPool } from './session-pool/session-pool.ts';
import type { TelemetryOptions } from './telemetry/telemetry.ts';

// What a host's `configure(container)` can replace, apart from classes, which are tokens themselves.

/** Registered once for each plugin. */
export const PROVIDER_PLUGIN: InjectionToken<ProviderPlugin> = Symbol.for('capstan.provider-plugin');
/** Registered once for each interceptor, outermost first. */
export const CALL_INTERCEPTOR: InjectionToken<CallInterceptor> = Symbol.for('capstan.call-interceptor');
/** What runs calls that need a session; without one such calls fail with `SESSION_UNAVAILABLE`. */
export const SESSION_POOL: InjectionToken<SessionPool | undefined> = Symbol.for('capstan.session-pool');
export const SESSION_POOL_OPTIONS: InjectionToken<SessionPoolOptions> = Symbol.for('capstan.session-pool-options');
export const CALL_LIMIT_OPTIONS: InjectionToken<CallLimitOptions> = Symbol.for('capstan.call-limit-options');
/** The host's logger behind redaction; a host sets the option `logger` instead of this. */
export const LOGGER: InjectionToken<Logger> = Symbol.for('capstan.logger');
export const TELEMETRY_OPTIONS: InjectionToken<TelemetryOptions> = Symbol.for('capstan.telemetry-options');
