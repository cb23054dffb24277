import type { Provider, ProviderHost, ProviderPlugin } from '@capstan/provider';
import { UsageError } from './usage-error.ts';

export type ProviderFunction = (host: ProviderHost) => ProviderPlugin;

/** `value` as a provider, or undefined where it is none. `name` says in messages which function failed to make a plugin. */
export function asProvider(value: unknown, name: string): Provider | undefined {
  if (isPlugin(value)) return value;
  return isFunction(value) ? guarded(value, name) : undefined;
}

export function isFunction(value: unknown): value is ProviderFunction {
  return typeof value === 'function';
}

/** Whether `value` is meant to be a plugin. What an incomplete one lacks, the runtime says. */
export function isPlugin(value: unknown): value is ProviderPlugin {
  if (typeof value !== 'object' || value === null) return false;
  const { prefix, execute, executeWithSession } = value as Partial<Record<keyof ProviderPlugin, unknown>>;
  return typeof prefix === 'string' && (typeof execute === 'function' || typeof executeWithSession === 'function');
}

/** A function that makes no plugin is most often a factory that wants options: say so, instead of failing later on. */
function guarded(make: ProviderFunction, name: string): ProviderFunction {
  return (host) => {
    let plugin: unknown;
    try {
      plugin = make(host);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new UsageError(`The function ${name} failed to make a provider plugin: ${reason}`, { cause });
    }
    if (isPlugin(plugin)) return plugin;
    throw new UsageError(
      `The function ${name} made no provider plugin. If it is a factory, give what it makes: \`factory({ … })\`.`,
    );
  };
}
