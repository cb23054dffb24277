import type { Provider } from '@capstan/provider';
import type { RuntimeOptions } from '@capstan/runtime';
import { existsSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { asProvider } from './as-provider.ts';
import { checkKeys, checkSettings } from './check-settings.ts';
import { UsageError } from './usage-error.ts';

/** What a `capstan.config.ts` may say. */
export interface CapstanConfig extends Pick<RuntimeOptions, 'sessions' | 'calls' | 'egress'> {
  /** Files and folders, relative to the configuration file. Default: the folder `capabilities` in the working directory. */
  readonly manifests?: string | readonly string[];
  /** Provider plugins beside those that the command brings along. */
  readonly providers?: readonly Provider[];
}

export interface LoadedConfig extends CapstanConfig {
  /** Absolute; absent where there is no configuration file. */
  readonly file?: string;
}

const fileNames = ['capstan.config.ts', 'capstan.config.js', 'capstan.config.mjs'];
const knownKeys = ['manifests', 'providers', 'sessions', 'calls', 'egress'];

/** For a `capstan.config.ts`: `export default defineConfig({ … })`. Gives back what it is given; editors complete the keys. */
export function defineConfig(config: CapstanConfig): CapstanConfig {
  return config;
}

/**
 * The configuration in `file`, else in the first of `capstan.config.ts`, `.js`, `.mjs` in `folder`, else an empty one. Manifests come
 * back as absolute paths. Throws `UsageError`.
 */
export async function loadConfig(folder: string, file?: string): Promise<LoadedConfig> {
  const path = file === undefined ? findConfig(folder) : resolve(folder, file);
  if (path === undefined) return {};
  const shortPath = relative(folder, path);
  if (!existsSync(path)) throw new UsageError(`There is no configuration file ${shortPath}.`);
  let module: { readonly default?: unknown };
  try {
    module = (await import(pathToFileURL(path).href)) as { readonly default?: unknown };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`The configuration ${shortPath} cannot be loaded: ${reason}`, { cause });
  }
  const config = checked(module.default, shortPath);
  if (config.manifests === undefined) return { ...config, file: path };
  const manifests = [config.manifests].flat().map((manifest) => resolve(dirname(path), manifest));
  return { ...config, manifests, file: path };
}

function findConfig(folder: string): string | undefined {
  return fileNames.map((name) => resolve(folder, name)).find((path) => existsSync(path));
}

function checked(config: unknown, path: string): CapstanConfig {
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw new UsageError(
      `The configuration ${path} has no default export of an object. Write \`export default defineConfig({ … })\`.`,
    );
  }
  const where = `the configuration ${path}`;
  checkKeys(Object.keys(config), knownKeys, '', where);
  checkSettings(config as Readonly<Record<string, unknown>>, where);
  const { manifests, providers } = config as { readonly manifests?: unknown; readonly providers?: unknown };
  if (manifests !== undefined && ![manifests].flat().every((manifest) => typeof manifest === 'string')) {
    throw new UsageError(`In ${where}, "manifests" must be a path or a list of paths.`);
  }
  if (providers === undefined) return config;
  if (!Array.isArray(providers)) throw new UsageError(`In ${where}, "providers" must be a list of provider plugins.`);
  return { ...config, providers: providers.map((item: unknown, index) => providerAt(index, item, where)) };
}

function providerAt(index: number, item: unknown, where: string): Provider {
  const name = `providers[${index}] of ${where}`;
  const provider = asProvider(item, name);
  if (provider !== undefined) return provider;
  throw new UsageError(`The item ${name} is no provider plugin. Put a plugin there, or a function that makes it.`);
}
