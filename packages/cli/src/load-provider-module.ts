import type { Provider, ProviderPlugin } from '@capstan/provider';
import { existsSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { isAbsolute, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { asProvider, isFunction, isPlugin, type ProviderFunction } from './as-provider.ts';
import { UsageError } from './usage-error.ts';

/**
 * The providers that a module exports: `specifier` is a path relative to `folder`, or a package as `folder` sees it. Taken are a plugin
 * or function exported by default, else every exported plugin object, else every exported function called `provider` or `…Provider`,
 * else the only exported function. Throws `UsageError`.
 */
export async function loadProviderModule(specifier: string, folder: string): Promise<readonly Provider[]> {
  let module: Readonly<Record<string, unknown>>;
  try {
    module = await importFrom(specifier, folder);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`The provider module ${specifier} cannot be loaded: ${reason}`, { cause });
  }
  const providers = providersOf(module).flatMap(([name, value]) => asProvider(value, `${name} of ${specifier}`) ?? []);
  if (providers.length > 0) return providers;
  const names = Object.keys(module);
  const seen = names.length === 0 ? 'it exports nothing' : `it exports ${names.join(', ')}`;
  throw new UsageError(
    `The module ${specifier} exports no provider plugin: ${seen}. Export the plugin, or a function that makes it, by default or as "provider".`,
  );
}

async function importFrom(specifier: string, folder: string): Promise<Readonly<Record<string, unknown>>> {
  const path = resolve(folder, specifier);
  if (/^\.{1,2}[\\/]/.test(specifier) || isAbsolute(specifier) || existsSync(path)) {
    return (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
  }
  // A package is looked for from the user's folder, not from where this command is installed.
  const parentURL = pathToFileURL(join(folder, 'capstan.config.js')).href;
  const hooks = registerHooks({
    resolve: (name, context, next) =>
      name === specifier && context.parentURL === import.meta.url
        ? next(name, { ...context, parentURL })
        : next(name, context),
  });
  try {
    return (await import(specifier)) as Readonly<Record<string, unknown>>;
  } finally {
    hooks.deregister();
  }
}

function providersOf(
  module: Readonly<Record<string, unknown>>,
): readonly (readonly [string, ProviderPlugin | ProviderFunction])[] {
  const { default: main } = module;
  if (isPlugin(main) || isFunction(main)) return [['the default export', main]];
  const exported = Object.entries(module);
  const plugins = exported.filter((entry): entry is [string, ProviderPlugin] => isPlugin(entry[1]));
  if (plugins.length > 0) return plugins;
  const functions = exported.filter((entry): entry is [string, ProviderFunction] => isFunction(entry[1]));
  const named = functions.filter(([name]) => /^provider$|Provider$/.test(name));
  return named.length > 0 ? named : functions.length === 1 ? functions : [];
}
