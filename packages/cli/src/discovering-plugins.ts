import type { Discovers, ProviderPlugin } from '@capstan/provider';
import { discovers, nearMatches, type Runtime } from '@capstan/runtime';
import { UsageError } from './usage-error.ts';

export type DiscoveringPlugin = ProviderPlugin & Discovers;

/** Those that can import. */
export function discoveringPlugins(runtime: Runtime): readonly DiscoveringPlugin[] {
  return runtime.providers.filter((plugin) => discovers(plugin));
}

/** Throws `UsageError` where no plugin has the prefix, or it cannot import. */
export function findDiscoveringPlugin(prefix: string, runtime: Runtime): DiscoveringPlugin {
  const plugins = discoveringPlugins(runtime);
  const found = plugins.find((plugin) => plugin.prefix === prefix);
  if (found !== undefined) return found;
  const prefixes = plugins.map((plugin) => plugin.prefix);
  if (runtime.providers.some((plugin) => plugin.prefix === prefix))
    throw new UsageError(
      `The provider plugin "${prefix}" cannot import. Those that can: ${prefixes.join(', ') || 'none'}.`,
    );
  const [nearest] = nearMatches(prefix, prefixes);
  const hint =
    nearest === undefined ? `Those that can import: ${prefixes.join(', ') || 'none'}.` : `Did you mean "${nearest}"?`;
  throw new UsageError(`No provider plugin has the prefix "${prefix}". ${hint}`);
}
